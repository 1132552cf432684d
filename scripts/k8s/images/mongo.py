"""What the official image's entry point does, as far as k8s needs it: a first start makes the user, if there is to be one, then this becomes the server.

The server is SecantusDB; of mongod's arguments only --bind_ip concerns it.
"""

import os
import signal
import subprocess
import sys
import time

import pymongo

DATA = "/data/db/secantus"
MADE = "/data/db/user-made"
SERVER = [sys.executable, "-c", "from secantus.cli import main; main()", "--sync-on-commit", "--storage-path", DATA]


def make_user():
    server = subprocess.Popen([*SERVER, "--host", "127.0.0.1", "--port", "27017"])
    client = pymongo.MongoClient("mongodb://127.0.0.1:27017/?directConnection=true", serverSelectionTimeoutMS=1000)
    user, password = os.environ["MONGO_INITDB_ROOT_USERNAME"], os.environ["MONGO_INITDB_ROOT_PASSWORD"]
    for _ in range(300):
        if server.poll() is not None:
            sys.exit("SecantusDB ended before it listened")
        try:
            client.admin.command("createUser", user, pwd=password, roles=["root"])
            break
        except pymongo.errors.OperationFailure as error:
            if error.code != 51003:  # the user is there: this start was interrupted once
                raise
            client.admin.command("updateUser", user, pwd=password)
            break
        except pymongo.errors.ConnectionFailure:
            time.sleep(0.2)
    # In order takes seconds, and what it has acknowledged it keeps.
    server.send_signal(signal.SIGKILL)
    server.wait()
    open(MADE, "w").close()


host = sys.argv[sys.argv.index("--bind_ip") + 1] if "--bind_ip" in sys.argv else "0.0.0.0"
listen = [*SERVER, "--host", host, "--port", "27017"]
if "MONGO_INITDB_ROOT_USERNAME" in os.environ:
    if not os.path.exists(MADE):
        make_user()
    listen.append("--auth")
os.execv(SERVER[0], listen)
