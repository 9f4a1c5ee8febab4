"""Certificates for TLS tests, made by the openssl program."""
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

P256 = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass
class Identity:
    """A certificate and its key, as PEM files."""
    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def openssl(*words) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {words[0]}: {done.stderr}")


def authority(folder: Path, name: str = "authority") -> Identity:
    made = Identity(folder / f"{name}.pem", folder / f"{name}.key")
    openssl("req", "-x509", *P256, "-keyout", made.key, "-out", made.certificate,
            "-subj", f"/CN={name}", "-days", "10")
    return made


def issue(folder: Path, by: Identity, name: str, names: str, days: int = 10) -> Identity:
    """A server's certificate for `names` (subjectAltName); with -1 days it is over."""
    made = Identity(folder / f"{name}.pem", folder / f"{name}.key")
    request, extension = folder / f"{name}.csr", folder / f"{name}.ext"
    openssl("req", *P256, "-keyout", made.key, "-out", request, "-subj", f"/CN={name}")
    extension.write_text(f"subjectAltName={names}\n")
    openssl("x509", "-req", "-in", request, "-CA", by.certificate, "-CAkey", by.key,
            "-CAcreateserial", "-days", days, "-extfile", extension, "-out", made.certificate)
    return made


def self_signed(folder: Path, name: str, names: str) -> Identity:
    made = Identity(folder / f"{name}.pem", folder / f"{name}.key")
    openssl("req", "-x509", *P256, "-keyout", made.key, "-out", made.certificate,
            "-subj", f"/CN={name}", "-days", "10", "-addext", f"subjectAltName={names}")
    return made
