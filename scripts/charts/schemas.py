"""Validates the Kubernetes objects of YAML files against the schemas of several versions. Prints a line for each that does not fit.

Arguments: the versions, separated by commas, and the files. Kinds of other API groups than Kubernetes's own have no schema; they are named in
FOREIGN, so that a misspelt kind is an error.
"""

import sys

import kubernetes_validate
import yaml

FOREIGN = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}


def problems(version, document):
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        yield str(error)


versions, files = sys.argv[1].split(","), sys.argv[2:]
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
seen, failed = set(), False
for file in files:
    with open(file, encoding="utf-8") as text:
        documents = [one for one in yaml.load_all(text, Loader=loader) if one]
    for document in documents:
        key = yaml.dump(document)
        if document["kind"] in FOREIGN or key in seen:
            continue
        seen.add(key)
        for version in versions:
            for problem in problems(version, document):
                failed = True
                print(f"{document['kind']} {document['metadata']['name']}, Kubernetes {version}: {problem}")
sys.exit(failed)
