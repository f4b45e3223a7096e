//go:build live

package layer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// TestLiveFindings resolves what is on PyPI and npm and does not load, or does in
// spite of first looks.
func TestLiveFindings(t *testing.T) {
	b := NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(string) string { return "" }})
	python := func(requirements ...string) Spec {
		return Spec{Python: &PythonSpec{Requirements: requirements}}
	}
	node := func(dependencies map[string]string) Spec { return Spec{NodeJS: &NodeSpec{Dependencies: dependencies}} }
	for _, c := range []struct {
		spec    Spec
		runtime string
		fault   []string // that is an error and says so
		warning []string
	}{
		{python("sqlite-vss==0.1.2"), "python3.11", []string{"GLIBC_2.29"}, nil},
		{python("sqlite-vss==0.1.2"), "python3.12", nil, []string{"libgomp.so.1", "libblas.so.3", "liblapack.so.3", "CPython 3.11"}},
		{python("fiona==1.10.1"), "python3.12", []string{"libexpat.so.1"}, nil},
		{python("lightgbm==4.6.0"), "python3.12", nil, []string{"libgomp.so.1"}},
		{python("pyodbc==5.3.0"), "python3.12", nil, []string{"libodbc.so.2"}},
		{python("numba==0.62.1"), "python3.12", nil, nil},
		{python("plyvel==1.5.1", "shapely==2.1.2", "hidapi==0.14.0.post4", "pikepdf==9.8.1"), "python3.12", nil, nil},
		{python("numpy", "pandas", "scipy", "scikit-learn", "cryptography", "pillow", "pydantic", "psycopg2-binary"), "python3.12", nil, nil},
		{python("selenium", "setuptools", "pip", "amazon-ion"), "python3.12", nil, nil},
		{python("redis==3.5.3", "marshmallow==3.14.0"), "python3.12", nil, []string{"\"redis\" imports \"distutils\"", "\"marshmallow\" imports \"distutils\""}},
		{python("redis==3.5.3", "marshmallow==3.14.0"), "python3.11", nil, nil},
		{python("boto3", "fastapi", "mangum", "sqlalchemy", "celery", "httpx", "openai", "google-cloud-storage", "aiohttp", "django", "sentry-sdk", "moto"), "python3.13", nil, nil},
		{node(map[string]string{"sharp": "0.35.x"}), "nodejs18.x", []string{"GLIBC_2.28"}, nil},
		{node(map[string]string{"sharp": "0.35.x"}), "nodejs22.x", nil, nil},
		{node(map[string]string{"@datadog/pprof": "*", "bcrypt": "6.0.0"}), "nodejs22.x", nil, nil},
	} {
		c.spec.Runtimes, c.spec.Architectures = []string{c.runtime}, []string{"x86_64"}
		name := c.runtime
		if c.spec.Python != nil {
			name += " " + strings.Join(c.spec.Python.Requirements, " ")
		}
		l, err := b.Resolve(t.Context(), c.spec, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		o := Output{Path: t.TempDir() + "/a.zip", Size: fault.SeverityOff, Scripts: fault.SeverityOff, Shadow: fault.SeverityOff}
		a, err := b.Build(t.Context(), l, o)
		var faults, warnings []string
		for _, f := range fault.All(err) {
			faults = append(faults, f.Summary+" "+f.Detail)
		}
		if err != nil && len(faults) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range a.Findings {
			if f.Severity == audit.Warning {
				warnings = append(warnings, f.Summary+" "+f.Text())
			}
		}
		t.Logf("%s:\n  errors %s\n  warnings %s", name, strings.Join(faults, "\n"), strings.Join(warnings, "\n"))
		if all := strings.Join(faults, "\n"); (len(c.fault) == 0) != (all == "") || !holdsAll(all, c.fault) {
			t.Errorf("%s: errors are %q, want %q", name, all, c.fault)
		}
		if all := strings.Join(warnings, "\n"); err == nil && ((len(c.warning) == 0) != (all == "") || !holdsAll(all, c.warning)) {
			t.Errorf("%s: warnings are %q, want %q", name, all, c.warning)
		}
		if err != nil {
			continue
		}
		// Once more, with the facts that were noted.
		tree, _, err := mustOpen(t, b).tree(t.Context(), l, o, false)
		if err != nil {
			t.Fatal(err)
		}
		const times = 20
		start := time.Now()
		for range times {
			if _, _, err := mustOpen(t, b).audit(t.Context(), l, tree, o); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s: %d files judged again in %s", name, len(tree), time.Since(start)/times)
	}
}

func holdsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func mustOpen(t *testing.T, b *Builder) *cache {
	t.Helper()
	c, err := b.open()
	if err = errors.Join(err); err != nil {
		t.Fatal(err)
	}
	return c
}
