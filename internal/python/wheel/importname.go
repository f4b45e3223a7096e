package wheel

import (
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// wrongName says what to write in place of a name that is no distribution but
// what code imports: a sentence, "" where the name is neither known as the
// import name of another distribution nor as a module of Python.
func wrongName(name string) string {
	name = pep508.NormalizeName(name)
	if brings := importedFrom()[name]; brings != "" {
		return fmt.Sprintf("Code imports it by this name; the distribution that brings it is %q.", brings)
	}
	for module := range runtimes.StandardModules {
		if pep508.NormalizeName(module) == name {
			return "It is part of Python: drop the requirement."
		}
	}
	return ""
}

// importedFrom returns, by the normalised name of a top-level module, the
// distribution that brings it, where the two differ and users mix them up.
func importedFrom() map[string]string {
	return map[string]string{
		"airflow": "apache-airflow", "attr": "attrs", "bio": "biopython", "bs4": "beautifulsoup4", "cairo": "pycairo",
		"cassandra": "cassandra-driver", "confluent": "confluent-kafka", "crypto": "pycryptodome",
		"cryptodome": "pycryptodomex", "cv2": "opencv-python-headless", "dateutil": "python-dateutil", "discord": "discord.py",
		"dns": "dnspython", "docx": "python-docx", "dotenv": "python-dotenv", "editor": "python-editor",
		"engineio": "python-engineio", "faiss": "faiss-cpu", "fitz": "PyMuPDF", "gi": "PyGObject",
		"git": "GitPython", "github": "PyGithub", "gitlab": "python-gitlab", "google-protobuf": "protobuf",
		"grpc": "grpcio", "igraph": "python-igraph", "jenkins": "python-jenkins", "jose": "python-jose", "jwt": "PyJWT", "kafka": "kafka-python",
		"ldap": "python-ldap", "levenshtein": "python-Levenshtein", "magic": "python-magic",
		"markdown-it": "markdown-it-py", "mpl-toolkits": "matplotlib", "multipart": "python-multipart", "mysqldb": "mysqlclient", "nacl": "PyNaCl",
		"odf": "odfpy", "openssl": "pyOpenSSL", "osgeo": "GDAL", "paho": "paho-mqtt", "pil": "pillow", "pkg-resources": "setuptools",
		"pptx": "python-pptx", "pyximport": "Cython", "pythoncom": "pywin32", "ruamel": "ruamel.yaml",
		"serial": "pyserial", "skimage": "scikit-image", "sklearn": "scikit-learn", "slugify": "python-slugify",
		"snappy": "python-snappy", "snowflake": "snowflake-connector-python", "socketio": "python-socketio", "socks": "PySocks",
		"talib": "TA-Lib", "telegram": "python-telegram-bot", "tlz": "toolz", "umap": "umap-learn", "usb": "pyusb", "uwsgidecorators": "uWSGI",
		"wx": "wxPython", "yaml": "PyYAML", "zmq": "pyzmq",
		"aws-lambda": "aws-lambda-powertools", "aws-xray": "aws-xray-sdk", "lambda-powertools": "aws-lambda-powertools",
	}
}
