package layer

import (
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

const asserted = `
trace-kit 2.0
  file: trace_kit/__init__.py: from .tracer import Tracer\n
  file: trace_kit/tracer.py: class Tracer:\n    def __init__(self):\n        self._load()\n    def _load(self):\n        from xray_sdk.core import recorder\n
  file: trace_kit/old.py: from distutils.util import strtobool\n
  extra: all: xray-sdk, pydantic
  extra: tracer: xray-sdk
xray-sdk 1.0
  file: xray_sdk/core.py: import json\n
pydantic 1.0
`

// TestWhatIsAssertedCanBeImported names what is missing, who imports it, and the extra
// that brings it.
func TestWhatIsAssertedCanBeImported(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, asserted))
	own := t.TempDir()
	writeFile(t, filepath.Join(own, "a.py"), "import requests\nfrom own import b\n")
	writeFile(t, filepath.Join(own, "__init__.py"), "")
	built := func(requirement string, runtimes []string, names ...string) error {
		s := Spec{Runtimes: runtimes, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{requirement}}, Files: []FileSpec{{Source: own, Target: "python/own"}}}
		_, err := b.Build(t.Context(), resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "a.zip"), PythonImports: names})
		return err
	}
	if err := built("trace-kit[tracer]", []string{"python3.11", "python3.12"}, "trace_kit", "trace_kit.Tracer", "xray_sdk.core", "boto3", "json", "own"); err != nil {
		t.Error(err)
	}
	err := built("trace-kit", []string{"python3.11", "python3.12"}, "trace_kit", "trace_kit.Tracer")
	wantInput(t, err, "python.imports[1]", `"trace_kit.Tracer" cannot be used: there is no module "xray_sdk.core"`, `"python/trace_kit/tracer.py" imports it in line 5, whenever Tracer is called`, "python3.11, python3.12", `require "trace-kit[tracer]"`)
	err = built("trace-kit", []string{"python3.11", "python3.12"}, "trace_kit.old")
	wantInput(t, err, "python.imports[0]", `no module "distutils.util"`, "up to 3.11. It is gone from python3.12.", `"setuptools"`)
	err = built("trace-kit", []string{"python3.12"}, "own.a")
	wantInput(t, err, "python.imports[0]", `"own.a" cannot be imported: there is no module "requests"`, `"python/own/a.py" imports it in line 1`, `such as "requests"`)
	err = built("trace-kit", []string{"python3.12"}, "trace_kit.Trace", "own.b")
	wantInput(t, err, "python.imports[0]", `"trace_kit" has no "Trace"`)
	err = built("trace-kit", []string{"python3.12"}, "yaml")
	wantInput(t, err, "python.imports[0]", `no module "yaml"`, `such as "PyYAML"`)
}
