"""Certificates for the tests of TLS, made by the openssl program: a CA and what it signs."""

import os
import subprocess


class Authority:
    """A CA in a directory. Its certificate is the file `ca`."""

    def __init__(self, directory, name="ca"):
        self.dir = directory
        self.name = name
        self.ca = os.path.join(directory, name + ".pem")
        self.ca_key = os.path.join(directory, name + ".key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", "/CN=Test " + name, "-days", "2", "-keyout", self.ca_key, "-out", self.ca)

    @staticmethod
    def _openssl(*words):
        done = subprocess.run(("openssl",) + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (words, done.stdout.decode(errors="replace")))

    def issue(self, name, common_name, alternative=None, use="serverAuth", days=1):
        """Gives (certificate, key): files NAME.pem and NAME.key. days below 1: expired."""
        base = os.path.join(self.dir, name)
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", "/CN=" + common_name, "-keyout", base + ".key", "-out", base + ".csr")
        with open(base + ".ext", "w") as f:
            f.write("extendedKeyUsage = %s\n" % use)
            if alternative:
                f.write("subjectAltName = %s\n" % alternative)
        self._openssl("x509", "-req", "-in", base + ".csr", "-CA", self.ca, "-CAkey", self.ca_key,
                      "-CAcreateserial", "-days", str(days), "-extfile", base + ".ext", "-out", base + ".pem")
        return base + ".pem", base + ".key"
