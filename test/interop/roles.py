"""Tries one thing after the other as USER and prints what came of each, as JSON. Arguments: URL."""
import json
import ssl
import sys
import xmlrpc.client

signet = xmlrpc.client.ServerProxy(sys.argv[1], context=ssl._create_unverified_context(), allow_none=True)


def outcome(call):
    try:
        call()
        return "done"
    except xmlrpc.client.Fault as fault:
        return fault.faultString.split(":")[0].split(" ")[0]


print(json.dumps({
    "read": outcome(lambda: signet.config.get("https.certificate[default].state.days-remaining")),
    "users": outcome(lambda: signet.config.get("users")),
    "rules": outcome(lambda: signet.config.get("/ietf-netconf-acm:nacm")),
    "system": outcome(lambda: signet.config.set("system.location", "rack 7") and signet.config.commit()),
    "https": outcome(lambda: signet.config.apply([{"path": "https.certificate[default].validity-days", "value": 90}])),
    "role": outcome(lambda: signet.config.apply([{"path": "users.user[vic].role", "value": "administrator"}])),
    "action": outcome(lambda: signet.action.invoke("https.certificate[default].self-sign", {})),
    "password": outcome(lambda: signet.action.invoke("users.user[admin].set-password", {"password": "stolen password"})),
    "rollback": outcome(lambda: signet.config.rollback("1")),
}))
