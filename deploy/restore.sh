#!/usr/bin/env bash
# Put a copy made by backup.sh in the place of an EMPTY database. Stop web, worker and beat first.
#   deploy/restore.sh FILE
# Whoever was forgotten since the copy was made is forgotten again at the next start, if the keyring is today's.
set -euo pipefail
umask 077
file=${1:?usage: restore.sh FILE}
[ -f "$file" ] || { echo "restore.sh: there is no $file" >&2; exit 2; }
url=${OUTREACH_DATABASE_URL:-}
case "$file" in
  *.pgdump)
    case "$url" in postgresql+psycopg://*) ;; *) echo "restore.sh: OUTREACH_DATABASE_URL names no PostgreSQL" >&2; exit 2 ;; esac
    eval "$(python3 "$(dirname "$0")/libpq_env.py")"
    tables=$(psql --no-psqlrc --tuples-only --no-align \
      --command="SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
    [ "$tables" = 0 ] || { echo "restore.sh: the database is not empty; make a new one and name it" >&2; exit 1; }
    pg_restore --exit-on-error --no-owner --single-transaction --dbname="$PGDATABASE" "$file"
    ;;
  *.sqlite)
    place=${url:+${url#sqlite:///}}
    place=${place:-.outreach/outreach.db}
    [ ! -e "$place" ] || { echo "restore.sh: $place is there already; move it away first" >&2; exit 1; }
    mkdir -p "$(dirname "$place")"
    cp "$file" "$place"
    ;;
  *) echo "restore.sh: $file is neither .pgdump nor .sqlite" >&2; exit 2 ;;
esac
echo "Restored. Next: outreach db upgrade, then outreach db restored (what was due goes into doubt instead of out a"
echo "second time), then outreach doctor, then start everything."
