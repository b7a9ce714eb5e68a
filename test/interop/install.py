"""Installs what a certification authority returned, from standard input, and activates it: install.py URL NAME"""
import ssl
import sys
import xmlrpc.client

signet = xmlrpc.client.ServerProxy(sys.argv[1], context=ssl._create_unverified_context())
answer = signet.action.invoke(f"https.certificate[{sys.argv[2]}].install", {"data": sys.stdin.read(), "activate": True})
for finding in answer.get("finding", []):
    print(finding["severity"], finding["text"])
