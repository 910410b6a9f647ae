#!/usr/bin/env bash
# Copy the database while everything runs. Run in the workspace, with its environment:
#   deploy/backup.sh FOLDER [KEEP]      KEEP: how many copies stay (default 14)
# The keyring is not copied: see OPERATIONS.md ("Keys, backups and forgetting").
set -euo pipefail
umask 077
folder=${1:?usage: backup.sh FOLDER [KEEP]}
keep=${2:-14}
mkdir -p "$folder"
stamp=$(date -u +%Y%m%dT%H%M%SZ)
url=${OUTREACH_DATABASE_URL:-}
case "$url" in
  postgresql+psycopg://*)
    file=$folder/outreach-$stamp.pgdump
    eval "$(python3 "$(dirname "$0")/libpq_env.py")"
    pg_dump --format=custom --no-owner --file="$file.part"  # one consistent moment, compressed
    ;;
  ""|sqlite:///*)
    file=$folder/outreach-$stamp.sqlite
    python3 - "${url:+${url#sqlite:///}}" "$file.part" <<'PYTHON'
import sqlite3, sys
source = sqlite3.connect(f"file:{sys.argv[1] or '.outreach/outreach.db'}?mode=ro", uri=True)
with sqlite3.connect(sys.argv[2]) as target:
    source.backup(target)
PYTHON
    ;;
  *) echo "backup.sh: OUTREACH_DATABASE_URL names neither PostgreSQL nor SQLite" >&2; exit 2 ;;
esac
mv "$file.part" "$file"
# The oldest go; names sort by time.
find "$folder" -maxdepth 1 -name "outreach-*.${file##*.}" | sort | head -n -"$keep" | xargs -r rm --
echo "$file"
