"""What runs where, and what to try: for whoever has started a cluster."""

import os
import shlex
import sys
from pathlib import Path

from videoai.deploy.local import postgresql
from videoai.deploy.local.app import ROOT, App
from videoai.deploy.local.cluster import STANDBY, Cluster
from videoai.deploy.local.postgresql import PostgreSQL
from videoai.deploy.local.processes import program

SETTINGS = (
    *("DATABASE_URL", "REPLICA_URLS", "CACHE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "HTTPS", "TRUSTED_PROXIES"),
    *("WORKERS", "DEBUG", "TWO_FACTOR"),
)


def told(cluster: Cluster) -> str:
    """Writes the settings into a file besides, for the commands that are named."""
    write_settings(cluster)
    return "\n".join([*addresses(cluster), "", *drawing(cluster), "", *experiments(cluster)])


def write_settings(cluster: Cluster) -> None:
    """To be read by a shell, so that commands of `manage.py` meet this cluster."""
    lines = [f"export {name}={shlex.quote(cluster.environment[name])}\n" for name in SETTINGS]
    file = settings_file(cluster)
    file.touch(mode=0o600)
    file.write_text("".join(lines))


def settings_file(cluster: Cluster) -> Path:
    return cluster.folder / "settings.sh"


def addresses(cluster: Cluster) -> list[str]:
    name, password = cluster.admin
    return [
        "",
        f"  ModelManager  {cluster.nginx.url}/admin/models/    sign in as  {name}  with  {password}",
        f"  API           {cluster.nginx.url}/api/v1/models/",
        f"  the data      {cluster.folder}",
    ]


def drawing(cluster: Cluster) -> list[str]:
    apps = [f"app {number}  127.0.0.1:{app.port}" for number, app in enumerate(cluster.apps, start=1)]
    redis, primary, replica = cluster.redis.port, cluster.primary.port, cluster.replica.port
    return [
        f"  nginx, TLS  127.0.0.1:{cluster.nginx.port}",
        "   |",
        *(f"   +-- {app:23} --+" for app in apps),
        f"{'':33}|",
        f"{'':33}+-- PostgreSQL  127.0.0.1:{primary}  the primary",
        f"{'':33}|        | each commit, before it is answered",
        f"{'':33}|        v    127.0.0.1:{replica}  the replica",
        f"{'':33}+-- Redis       127.0.0.1:{redis}",
    ]


def experiments(cluster: Cluster) -> list[str]:
    """Commands to type in another terminal."""
    lines = ["  To try, in another terminal; Ctrl-C here ends it all:"]
    for what, commands in steps(cluster).items():
        lines += ["", f"  # {what}", *(f"  {command}" for command in commands)]
    return lines


def steps(cluster: Cluster) -> dict[str, list[str]]:
    python = os.path.relpath(sys.executable, ROOT)
    settings = f". {settings_file(cluster)}"
    redis = cluster.redis.folder / "redis.conf"
    first = cluster.apps[0]
    return {
        "Ask": [f"curl --cacert {cluster.nginx.certificate} {cluster.nginx.url}/api/v1/models/default/"],
        "Run a command": [f"{settings} && {python} manage.py token list"],
        "Kill an app, which the other one covers; start it again": [
            f"kill -9 -- -{first.pid}",
            f"(cd {first.folder} && {settings} && {serving(first)})",
        ],
        "End Redis; start it again": [
            f"redis-cli -p {cluster.redis.port} shutdown",
            f"redis-server {redis} --daemonize yes",
        ],
        "Stop the primary, and make the replica the primary": promotion(cluster.primary, cluster.replica),
        "Let the old primary follow the new one": return_of(cluster.primary, cluster.replica),
    }


def serving(app: App) -> str:
    """In its folder, so that it ends with the cluster, as all do that are at home there."""
    return f"exec env PORT={app.port} PYTHONPATH={ROOT} {sys.executable} -m videoai.serve"


def promotion(primary: PostgreSQL, replica: PostgreSQL) -> list[str]:
    """Nobody follows the replica then: each commit would wait for who is not there."""
    return [
        by_postgresql(primary, "pg_ctl", "stop -m immediate -D {folder}"),
        f"echo \"synchronous_standby_names = ''\" >> {replica.folder}/postgresql.conf",
        by_postgresql(replica, "pg_ctl", "promote -D {folder}"),
    ]


def return_of(lost: PostgreSQL, primary: PostgreSQL) -> list[str]:
    """What it alone has is wound back; it takes over the settings, so its port has to be said again."""
    source = f"{primary.url()}?application_name={STANDBY}"
    return [
        f"psql {primary.url()} -c CHECKPOINT",
        by_postgresql(lost, "pg_rewind", f"-D {{folder}} -R --source-server='{source}'"),
        f"echo 'port = {lost.port}' >> {lost.folder}/postgresql.conf",
        by_postgresql(lost, "pg_ctl", "start -D {folder} -l {folder}/server.log"),
        f"echo \"synchronous_standby_names = '{STANDBY}'\" >> {primary.folder}/postgresql.conf",
        by_postgresql(primary, "pg_ctl", "reload -D {folder}"),
    ]


def by_postgresql(server: PostgreSQL, tool: str, words: str) -> str:
    """A command as the user that the server runs as; `{folder}` is its."""
    path = program(tool, package=postgresql.PACKAGE, places=postgresql.PLACES)
    user = f"runuser -u {postgresql.SUPERUSER} -- " if os.geteuid() == 0 else ""
    return f"{user}{path} {words.format(folder=server.folder)}"
