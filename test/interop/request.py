"""Prints a certificate request for an entry: request.py URL NAME"""
import ssl
import sys
import xmlrpc.client

signet = xmlrpc.client.ServerProxy(sys.argv[1], context=ssl._create_unverified_context())
print(signet.action.invoke(f"https.certificate[{sys.argv[2]}].generate-request", {})["pem"], end="")
