"""nginx with TLS in front of the apps, by the configuration that production has."""

from collections.abc import Sequence
from pathlib import Path

from videoai.deploy.local.processes import Process, free_port, listens, program, run

PACKAGE = "nginx"
TEMPLATE = Path(__file__).resolve().parent.parent / "nginx.conf.template"
NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"
EXTENSIONS = (f"subjectAltName={NAMES}", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth")


class Nginx(Process):
    """Listens on loopback: with TLS at `port`, and at `plain_port` to lead there."""

    def __init__(self, folder: Path, *, upstreams: Sequence[int], port: int | None = None) -> None:
        self.port, self.plain_port = port or free_port(), free_port()
        self.certificate, self._key = folder / "certificate.pem", folder / "key.pem"
        self._upstreams = upstreams
        self._nginx = program("nginx", package=PACKAGE)
        self._configuration = folder / "nginx.conf"
        command = [*self._reading(), "-g", "daemon off;"]
        super().__init__(command, folder=folder, ready=lambda: listens(self.port))

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def start(self) -> None:
        """Raises Failed when nginx does not take its configuration."""
        self.folder.mkdir(exist_ok=True)
        if not self.certificate.exists():
            make_certificate(self.certificate, self._key)
        self._configuration.write_text(filled_in(TEMPLATE.read_text(), self._values()))
        run([*self._reading(), "-t", "-q"])
        super().start()

    def _reading(self) -> list[str | Path]:
        return [self._nginx, "-e", "stderr", "-c", self._configuration]

    def _values(self) -> dict[str, str]:
        servers = [f"server 127.0.0.1:{port} fail_timeout=2s;" for port in self._upstreams]
        return {
            "LISTEN_TLS": f"127.0.0.1:{self.port}",
            "LISTEN_PLAIN": f"127.0.0.1:{self.plain_port}",
            "SERVER_NAME": f"localhost:{self.port}",
            "UPSTREAM_SERVERS": " ".join(servers),
            "CERTIFICATE": str(self.certificate),
            "CERTIFICATE_KEY": str(self._key),
            "RUN_FOLDER": str(self.folder),
        }


def filled_in(template: str, values: dict[str, str]) -> str:
    """As `envsubst` does it, for these names alone: nginx's own variables look alike."""
    for name, value in values.items():
        template = template.replace(f"${{{name}}}", value)
    return template


def make_certificate(certificate: Path, key: Path) -> None:
    """One that nobody has signed but itself, for loopback, for a month."""
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256", "-days", "30"]
    extensions = [word for extension in EXTENSIONS for word in ("-addext", extension)]
    files: list[str | Path] = ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    openssl = program("openssl", package="openssl")
    run([openssl, "req", "-x509", *kind, *extensions, *files])
