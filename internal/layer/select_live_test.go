//go:build live

package layer

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// interpreter returns the testbed's Python and the Lambda runtime of its version.
func interpreter(t *testing.T) (python, runtime string) {
	t.Helper()
	bed := os.Getenv("LAYERBUILD_TESTBED")
	if bed == "" {
		t.Fatal("LAYERBUILD_TESTBED is not set: run the live tests by make test")
	}
	python = filepath.Join(bed, "bin", "python")
	out, err := exec.CommandContext(t.Context(), python, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		t.Fatal(err)
	}
	return python, strings.TrimSpace(string(out))
}

// runPython runs a program that finds modules below the folders alone.
func runPython(t *testing.T, python, program string, folders ...string) (string, error) {
	t.Helper()
	// -S keeps the interpreter's own site-packages out.
	cmd := exec.CommandContext(t.Context(), python, "-S", "-B", "-c", program)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+strings.Join(folders, string(os.PathListSeparator)), "POWERTOOLS_TRACE_DISABLED=true", "POWERTOOLS_SERVICE_NAME=seed")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// unpacked builds a package and unpacks the zip, as Lambda does.
func unpacked(t *testing.T, b *Builder, s Spec) (Artifact, string) {
	t.Helper()
	out, opt := filepath.Join(t.TempDir(), "out.zip"), t.TempDir()
	a := build(t, b, resolve(t, b, s, nil), Output{Path: out, Size: fault.SeverityOff, Scripts: fault.SeverityOff, Shadow: fault.SeverityOff})
	r, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for _, f := range r.File {
		to := filepath.Join(opt, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unpackFile(f, to); err != nil {
			t.Fatal(err)
		}
	}
	return a, opt
}

func unpackFile(f *zip.File, to string) (err error) {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, f.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// TestPrunedDistributionsWork prunes distributions that are known to break
// without their tests. NumPy 2.2's numpy.testing imports numpy._core.tests, and
// astropy imports astropy.tests.
func TestPrunedDistributionsWork(t *testing.T) {
	t.Parallel()
	python, runtime := interpreter(t)
	b := liveBuilder(t)
	s := Spec{
		Runtimes: []string{runtime}, Architectures: []string{"x86_64"},
		Python: &PythonSpec{Requirements: []string{"numpy==2.2.6", "scipy==1.15.3", "scikit-learn==1.6.1", "astropy==7.0.2", "scikit-image==0.25.2"}},
	}
	whole := build(t, b, resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "whole.zip"), Size: fault.SeverityOff, Scripts: fault.SeverityOff, Shadow: fault.SeverityOff})
	s.Prune = Presets()
	a, opt := unpacked(t, b, s)
	t.Logf("unzipped: whole %d bytes, pruned %d bytes; zip: %d and %d bytes", whole.Unzipped, a.Unzipped, whole.Size, a.Size)
	if a.Unzipped > whole.Unzipped*9/10 {
		t.Errorf("pruning leaves %d of %d bytes", a.Unzipped, whole.Unzipped)
	}
	folder := filepath.Join(opt, "python")
	for _, gone := range []string{"scipy/linalg/tests", "numpy/_core/tests/test_multiarray.py", "sklearn/tests/test_base.py", "numpy/__init__.pyi"} {
		if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(gone))); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", gone, err)
		}
	}
	for name, program := range map[string]string{
		"numpy.testing": "import numpy, numpy.testing as t; t.assert_allclose(numpy.linalg.inv(numpy.eye(3)), numpy.eye(3)); print('fine')",
		"scipy":         "import scipy.linalg, scipy.optimize, scipy.stats, scipy.special, scipy.sparse; assert scipy.optimize.brentq(lambda x: x*x-2, 0, 2) > 1.41; print('fine')",
		"sklearn": "from sklearn.datasets import load_iris; from sklearn.ensemble import RandomForestClassifier; import sklearn.utils._testing, sklearn.utils.estimator_checks; " +
			"d = load_iris(); assert d.DESCR; assert RandomForestClassifier(10, random_state=0).fit(d.data, d.target).score(d.data, d.target) > .9; print('fine')",
		"astropy":  "import astropy, astropy.units as u, astropy.time; assert (1*u.km).to(u.m).value == 1000; print('fine')",
		"skimage":  "import skimage, numpy; assert skimage.filters.gaussian(numpy.ones((5, 5))).shape == (5, 5); print('fine')",
		"metadata": "import importlib.metadata as m; assert m.version('numpy') == '2.2.6' and m.files('scipy'); print('fine')",
	} {
		if got, err := runPython(t, python, program, folder); err != nil || !strings.HasSuffix(got, "fine\n") {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

// sharedUtils are three modules as an API's functions share them.
var sharedUtils = map[string]string{
	"__init__.py": "from .logging import setup_logger\nfrom .response import api_response\nfrom .validation import validate_event\n",
	"logging.py": `import json, logging, os
class JSONFormatter(logging.Formatter):
    def format(self, record):
        return json.dumps({"level": record.levelname, "message": record.getMessage(), "request_id": getattr(record, "request_id", None)})
def setup_logger(name, level=None):
    logger = logging.getLogger(name)
    logger.setLevel(level or os.environ.get("LOG_LEVEL", "INFO"))
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    logger.handlers = [handler]
    return logger
`,
	"response.py": `import json
def api_response(status_code, body, headers=None):
    return {"statusCode": status_code, "headers": {"Content-Type": "application/json", **(headers or {})}, "body": json.dumps(body, default=str)}
def success(data, status_code=200):
    return api_response(status_code, {"success": True, "data": data})
def error(message, status_code=400, details=None):
    return api_response(status_code, {"success": False, "error": message, "details": details})
`,
	"validation.py": `import json
class ValidationError(Exception):
    def __init__(self, errors):
        self.errors = errors
def validate_event(event, required_fields, optional_fields=()):
    body = json.loads(event["body"]) if isinstance(event.get("body"), str) else event
    missing = [f"Missing required field: {f}" for f in required_fields if body.get(f) is None]
    if missing:
        raise ValidationError(missing)
    return {f: body[f] for f in (*required_fields, *optional_fields) if f in body}
`,
	"validation_test.py": "raise SystemExit('tests are not shipped')\n",
}

// sharedHandler uses both layers; items come from the address in ITEMS.
const sharedHandler = `import os
from shared_utils import setup_logger, validate_event
from shared_utils.response import success, error
from shared_utils.validation import ValidationError
import requests
from aws_lambda_powertools import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
logger = setup_logger(__name__)
tracer = Tracer()
@tracer.capture_lambda_handler
def lambda_handler(event: dict, context: LambdaContext) -> dict:
    request_id = context.aws_request_id
    try:
        data = validate_event(event, required_fields=["item_id"], optional_fields=["include_details"])
        response = requests.get(f"{os.environ['ITEMS']}/items/{data['item_id']}", timeout=5)
        response.raise_for_status()
        item = response.json()
        if not data.get("include_details", False):
            item = {k: item[k] for k in ("id", "name", "status")}
        logger.info("Item retrieved", extra={"request_id": request_id})
        return success(item)
    except ValidationError as e:
        return error("Validation failed", status_code=400, details=e.errors)
    except requests.RequestException:
        return error("Failed to fetch item", status_code=502)
`

// TestHandlerRunsWithBothLayers builds the layer of shared modules, that of the
// dependencies and the function's own zip, and runs the handler with them.
func TestHandlerRunsWithBothLayers(t *testing.T) {
	t.Parallel()
	python, runtime := interpreter(t)
	b := liveBuilder(t)
	source := t.TempDir()
	for name, body := range sharedUtils {
		writeFile(t, filepath.Join(source, name), body)
	}
	of := func(s Spec) string {
		s.Runtimes, s.Architectures = []string{runtime}, []string{"x86_64"}
		_, folder := unpacked(t, b, s)
		return folder
	}
	shared := filepath.Join(of(Spec{Files: []FileSpec{{Source: source, Target: "python/shared_utils", Exclude: []string{"**/*_test.py"}}}}), "python")
	deps := filepath.Join(of(Spec{Python: &PythonSpec{Requirements: []string{"requests==2.31.0", "python-dateutil==2.8.2", "aws-lambda-powertools[tracer]==2.30.0"}}}), "python")
	handler := sharedHandler
	task := of(Spec{Kind: KindFunction, Files: []FileSpec{{Content: &handler, Target: "app.py"}}})

	if got, err := runPython(t, python, "import shared_utils.logging, shared_utils.response, shared_utils.validation as v; print(v.__file__)", shared); err != nil || strings.TrimSpace(got) != filepath.Join(shared, "shared_utils", "validation.py") {
		t.Errorf("importing the shared modules: %v\n%s", err, got)
	}
	if _, err := os.Stat(filepath.Join(shared, "shared_utils", "validation_test.py")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the layer has the excluded test: %v", err)
	}
	got, err := runPython(t, python, invocation, task, shared, deps)
	want := `200 {"success": true, "data": {"id": "7", "name": "lamp", "status": "new"}}
200 {"success": true, "data": {"id": "7", "name": "lamp", "status": "new", "more": 1}}
400 {"success": false, "error": "Validation failed", "details": ["Missing required field: item_id"]}
502 {"success": false, "error": "Failed to fetch item", "details": null}
`
	if err != nil || !strings.HasSuffix(got, want) {
		t.Errorf("the handler answers %q (%v), want %q at the end", got, err, want)
	}
}

// invocation calls the handler beside a server of items.
const invocation = `
import http.server, json, logging, os, threading
class Items(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/items/7" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"id": "7", "name": "lamp", "status": "new", "more": 1}).encode())
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Items)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["ITEMS"] = "http://127.0.0.1:%d" % server.server_port
os.environ["NO_PROXY"] = "127.0.0.1"
os.environ["LOG_LEVEL"] = "ERROR"
import app
class Context: aws_request_id, function_name = "r-1", "api"
for event in ({"item_id": "7"}, {"body": json.dumps({"item_id": "7", "include_details": True})}, {"body": "{}"}, {"item_id": "8"}):
    answer = app.lambda_handler(event, Context())
    print(answer["statusCode"], answer["body"])
`
