"""Declares a certificate and lets the HTTPS service present it, in one transaction: push.py URL"""
import ssl
import sys
import xmlrpc.client

signet = xmlrpc.client.ServerProxy(sys.argv[1], context=ssl._create_unverified_context())
result = signet.config.apply([
    {"path": "https.certificate[web]", "operation": "merge", "value": {
        "source": "self-signed", "key-algorithm": "ec-p256",
        "subject": {"common-name": "web.example.net", "organization": "Example"},
        "subject-alternative-name": [{"type": "dns", "value": "web.example.net"}, {"type": "ip", "value": "127.0.0.1"}]}},
    {"path": "https.server-certificate", "operation": "merge", "value": "web"},
])
print(result["transaction"])
