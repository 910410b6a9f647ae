"""Print a SQLAlchemy URL of PostgreSQL as the PG* variables of its command-line tools, ready for `eval`.

So that a password never stands in a list of processes. Standard library only.
"""

import os
import shlex
import sys
from urllib.parse import parse_qsl, unquote, urlsplit

url = urlsplit(os.environ["OUTREACH_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1))
query = dict(parse_qsl(url.query))
found = {
    "PGHOST": query.get("host") or url.hostname,
    "PGPORT": url.port,
    "PGUSER": unquote(url.username or ""),
    "PGPASSWORD": unquote(url.password or ""),
    "PGDATABASE": unquote(url.path.lstrip("/")),
    "PGSSLMODE": query.get("sslmode"),
}
sys.stdout.writelines(f"export {name}={shlex.quote(str(value))}\n" for name, value in found.items() if value)
