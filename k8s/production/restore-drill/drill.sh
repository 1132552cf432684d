#!/bin/sh
# Restores the newest backup of each service's database into this namespace, one after another, asks it what is wrong, and deletes it. Ends with 0
# when every database was restored and nothing is wrong; otherwise its output says what, and it ends with 1.
set -u

: "${SERVICES:=user prompt test marketplace analytics}"
: "${OPERATOR:=cloudnative-pg}" # or percona-postgres
: "${MAX_AGE:=26 hours}"        # how old the newest event of a database may be
: "${TIMEOUT:=2h}"              # for one restore
: "${FOLDER:=/drill}"           # has this script, the manifests and the checks
: "${BUCKET:?}" "${REGION:?}"

main() {
  failed=''
  for service in $SERVICES; do
    begun=$(date +%s)
    if drill "$service"; then
      echo "$service: restored and right, $(($(date +%s) - begun)) s"
    else
      failed="$failed $service"
    fi
    remove "$service"
  done
  [ -z "$failed" ] || fail "failed:$failed"
}

drill() {
  remove "$1" # what an interrupted drill left
  manifest "$1" | kubectl apply -f - >&2 || { problem "$1" 'the restore cannot be started'; return 1; }
  kubectl wait "$(cluster "$1")" --for="$(readiness)" --timeout="$TIMEOUT" >&2 || { problem "$1" "it was not restored within $TIMEOUT"; return 1; }
  problems=$(ask "$1") || { problem "$1" 'the checks cannot be run'; return 1; }
  [ -z "$problems" ] || { problem "$1" "$problems"; return 1; }
}

# What the checks say is wrong, a line each.
ask() {
  pod=$(pod "$1") && [ -n "$pod" ] || return 1
  kubectl exec -i "$pod" -c "$(container)" -- env "PGOPTIONS=-c drill.max_age='$MAX_AGE'" \
    psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$(database "$1")" -f - <"$FOLDER/checks-$1.sql"
}

manifest() {
  sed -e "s/\${SERVICE}/$1/g" -e "s/\${BUCKET}/$BUCKET/g" -e "s/\${REGION}/$REGION/g" "$FOLDER/restored-$OPERATOR.yaml"
}

remove() {
  manifest "$1" | kubectl delete --ignore-not-found --wait --timeout=10m -f - >&2
}

cluster() {
  case $OPERATOR in
    cloudnative-pg) echo "clusters.postgresql.cnpg.io/$1-drill" ;;
    percona-postgres) echo "perconapgclusters.pgv2.percona.com/$1-drill" ;;
    *) fail "OPERATOR is cloudnative-pg or percona-postgres, and not $OPERATOR" ;;
  esac
}

readiness() {
  case $OPERATOR in
    cloudnative-pg) echo condition=Ready ;;
    *) echo 'jsonpath={.status.state}=ready' ;;
  esac
}

pod() {
  case $OPERATOR in
    cloudnative-pg) echo "$1-drill-1" ;;
    *) kubectl get pods -l "postgres-operator.crunchydata.com/cluster=$1-drill,postgres-operator.crunchydata.com/data=postgres" -o 'jsonpath={.items[0].metadata.name}' ;;
  esac
}

container() {
  case $OPERATOR in
    cloudnative-pg) echo postgres ;;
    *) echo database ;;
  esac
}

database() {
  case $OPERATOR in
    cloudnative-pg) echo "promptforge_$1" ;;
    *) echo promptforge ;;
  esac
}

problem() {
  echo "$2" | sed "s/^/$1: /"
}

fail() {
  echo "restore drill $1"
  exit 1
}

main
