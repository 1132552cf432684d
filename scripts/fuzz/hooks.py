"""What schemathesis does here beside its own checks. It is told by the file that PF_FUZZ names: see `plan.ts`."""

import atexit
import json
import os
import zlib
from collections import Counter

import requests
import schemathesis

with open(os.environ["PF_FUZZ"], encoding="utf-8") as file:
    PLAN = json.load(file)

# Answers by their status; how many looked for what belongs to somebody else.
answers = Counter()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return known(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return known(query)


@schemathesis.hook
def map_body(context, body):
    return known(body)


def known(value, name=None):
    """Replaces most ids by those of things that are there: an id that was drawn is never one. The same draw gives the same id."""
    if isinstance(value, dict):
        return {key: known(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [known(item, name) for item in value]
    ids = PLAN["ids"].get(singular(name)) if isinstance(value, str) and name else None
    if not ids:
        return value
    turn = zlib.crc32(value.encode("utf-8", "surrogatepass")) % (len(ids) + 1)
    return ids[turn] if turn < len(ids) else value


def singular(name):
    """`promptId`, `prompt_ids` and `from_run_id` are names of ids of `prompt_id` and `run_id`."""
    snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).removesuffix("s")
    return next((one for one in PLAN["ids"] if snake == one or snake.endswith("_" + one)), snake)


@schemathesis.check
def tells_nothing_of_others(ctx, response, case):
    """Nothing that belongs to somebody else is in an answer, its headers included."""
    answers[response.status_code] += 1
    text = response.content.decode("utf-8", "replace") + json.dumps(dict(response.headers))
    assert PLAN["canary"] not in text, "the answer has what belongs to somebody else"


if PLAN.get("login"):

    @schemathesis.auth(refresh_interval=300)
    class SignIn:
        """Signs in, and again before the access token expires."""

        def get(self, case, context):
            answer = requests.post(PLAN["url"] + "/v1/auth/login", json=PLAN["login"], timeout=60)
            answer.raise_for_status()
            return answer.json()["tokens"]["accessToken"]

        def set(self, case, data, context):
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {data}"


@atexit.register
def count():
    with open(PLAN["counts"], "w", encoding="utf-8") as file:
        json.dump(answers, file)
