"""Makes the calls of standard input, a JSON array of [method, parameters], one connection for all; prints a JSON array of
{"value": ...} or {"fault": [code, string]}: call.py URL"""
import json
import ssl
import sys
import xmlrpc.client

signet = xmlrpc.client.ServerProxy(sys.argv[1], context=ssl._create_unverified_context())
answers = []
for method, parameters in json.load(sys.stdin):
    try:
        answers.append({"value": getattr(signet, method)(*parameters)})
    except xmlrpc.client.Fault as fault:
        answers.append({"fault": [fault.faultCode, fault.faultString]})
    except xmlrpc.client.ProtocolError as error:
        answers.append({"status": error.errcode})
json.dump(answers, sys.stdout, default=lambda octets: octets.data.hex())
