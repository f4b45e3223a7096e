//go:build live && linux

package layer

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// manyWheels resolve to about a hundred.
var manyWheels = []string{
	"numpy", "pandas", "scipy", "scikit-learn", "pyarrow", "requests", "boto3", "sqlalchemy", "fastapi", "mangum", "flask", "django", "celery", "httpx",
	"pydantic", "cryptography", "pyyaml", "pillow", "openai", "anthropic", "redis", "psycopg2-binary", "pymysql", "aiohttp", "google-cloud-storage",
	"grpcio", "sentry-sdk", "opentelemetry-sdk", "lxml", "beautifulsoup4", "matplotlib", "networkx", "orjson", "msgpack", "arrow", "rich", "typer",
	"structlog", "paramiko", "elasticsearch", "snowflake-connector-python", "openpyxl", "reportlab", "shapely", "uvicorn", "aws-lambda-powertools[all]",
}

// BenchmarkJudgeWheels measures what judging a layer of about a hundred wheels costs
// where everything is in the cache, and what the first look at each wheel costs
// beside the check that is made of it anyway, and beside a first build as a whole.
func BenchmarkJudgeWheels(b *testing.B) {
	spec := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: manyWheels, Overlaps: "last"}}
	builder := NewBuilder(Options{CacheDir: b.TempDir(), UserAgent: "benchmark"})
	l, err := builder.Resolve(b.Context(), spec, nil)
	if err != nil {
		b.Fatal(err)
	}
	c, err := builder.open()
	if err != nil {
		b.Fatal(err)
	}
	tree, _, err := c.tree(b.Context(), l, Output{Scripts: fault.SeverityOff, Shadow: fault.SeverityOff}, false)
	if err != nil {
		b.Fatal(err)
	}
	wheels := float64(len(l.Python.Chosen.Wheels))
	cpu := func(b *testing.B, what func() error) {
		before := cpuTime(b)
		for b.Loop() {
			if err := what(); err != nil {
				b.Fatal(err)
			}
		}
		spent := cpuTime(b) - before
		b.ReportMetric(float64(spent.Microseconds())/1e3/float64(b.N)/wheels*100, "cpu-ms/100wheels")
	}
	b.Run("judge_warm", func(b *testing.B) {
		cpu(b, func() error {
			_, _, err := c.audit(b.Context(), l, tree, Output{})
			return err
		})
	})
	archives := map[*filetree.Archive]store.Digest{}
	for i := range tree {
		if sum, err := store.ParseDigest(filepath.Base(tree[i].Archive.Path)); err == nil {
			archives[tree[i].Archive] = sum
		}
	}
	each := func(look func(*filetree.Archive, store.Digest) error) func() error {
		return func() error {
			for a, sum := range archives {
				if err := look(a, sum); err != nil {
					return err
				}
			}
			return nil
		}
	}
	b.Run("first_build", func(b *testing.B) {
		cpu(b, func() error {
			dir := b.TempDir()
			fresh := NewBuilder(Options{CacheDir: filepath.Join(dir, "cache"), UserAgent: "benchmark"})
			l, err := fresh.Resolve(b.Context(), spec, nil)
			if err != nil {
				return err
			}
			off := fault.SeverityOff
			_, err = fresh.Build(b.Context(), l, Output{Path: filepath.Join(dir, "layer.zip"), Size: off, Shadow: off, Scripts: off})
			return err
		})
	})
	b.Run("vet", func(b *testing.B) {
		cpu(b, each(func(a *filetree.Archive, _ store.Digest) error { return filetree.Vet(a) }))
	})
	b.Run("vet_and_note", func(b *testing.B) {
		cpu(b, each(func(a *filetree.Archive, sum store.Digest) error { return c.segments.Vet(b.Context(), a, sum) }))
	})
}

// cpuTime returns what the process has spent, which other processes do not change
// much.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
