//go:build live && linux

package layer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// nodeSets are what the benchmark packs, for nodejs20.x on x86_64.
var nodeSets = []struct {
	name, dependencies string
	// hold is the least CPU ratio that we promise: with an empty cache, with
	// tarballs in it, with what was packed before, and with that where records are
	// signed.
	hold [4]float64
}{
	{"seed", `{"lodash": "4.17.21", "axios": "1.7.9", "uuid": "9.0.1", "dayjs": "1.11.13"}`, [4]float64{5, 10, 15, 50}},
	{"sharp", `{"sharp": "0.33.5"}`, [4]float64{2.5, 2.5, 5, 20}},
	{"nest", `{"@nestjs/core": "10.4.15", "@nestjs/common": "10.4.15", "@nestjs/platform-express": "10.4.15", "rxjs": "7.8.1", "reflect-metadata": "0.2.2", "typeorm": "0.3.20", "pg": "8.13.1"}`, [4]float64{5, 8, 10, 50}},
}

// maxMiB bounds our memory, whatever is packed.
const maxMiB = 100

// pythonSets are what the benchmark packs, for python3.11 on x86_64: every
// distribution with its version, so that nobody has to resolve.
var pythonSets = []struct{ name, requirements string }{
	{"small", `requests==2.31.0 python-dateutil==2.8.2 aws-lambda-powertools==2.30.0
		certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 six==1.17.0 typing-extensions==4.16.0 urllib3==2.8.0`},
	{"pandas", `boto3==1.44.5 pandas==2.3.2 numpy==2.2.6
		botocore==1.44.5 jmespath==1.1.0 python-dateutil==2.9.0.post0 pytz==2026.6 s3transfer==0.19.3 six==1.17.0
		tzdata==2026.6 urllib3==2.8.0`},
}

// pythonPeers make a layer of the same wheels out of a folder, without a network.
var pythonPeers = []struct {
	name, script string
	hold         [2]float64 // by set, as that of nodeSets
}{
	{"pip", `"$BED/bin/pip" install -q --disable-pip-version-check --root-user-action ignore --no-index --find-links "$WHEELS" \
		--platform manylinux2014_x86_64 --python-version 3.11 --only-binary :all: --target python $REQS && zip -qr theirs.zip python`, [2]float64{20, 50}},
	{"uv", `"$BED/bin/uv" pip install -q --offline --no-deps --no-index --find-links "$WHEELS" \
		--python-platform x86_64-manylinux2014 --python-version 3.11 --target python "$WHEELS"/*.whl && zip -qr theirs.zip python`, [2]float64{6, 18}},
}

const (
	benchSpec  = "LAYERBUILD_BENCH_SPEC"
	benchCache = "LAYERBUILD_BENCH_CACHE"
	benchKey   = "LAYERBUILD_BENCH_KEY"
	benchOut   = "LAYERBUILD_BENCH_OUT"
)

// TestMain turns the test binary into the program that is measured: it resolves and
// builds one layer, as a plan does, and does nothing else.
func TestMain(m *testing.M) {
	spec := os.Getenv(benchSpec)
	if spec == "" {
		os.Exit(m.Run())
	}
	if err := buildLayer(context.Background(), spec, os.Getenv(benchCache), os.Getenv(benchOut)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func buildLayer(ctx context.Context, text, cache, out string) error {
	var spec Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	b := NewBuilder(Options{CacheDir: cache, CacheKey: os.Getenv(benchKey), UserAgent: "benchmark", Getenv: os.Getenv, Environ: os.Environ})
	l, err := b.Resolve(ctx, spec, nil)
	if err != nil {
		return err
	}
	if _, err := b.Build(ctx, l, Output{Path: out, Size: fault.SeverityOff, Scripts: fault.SeverityOff, Shadow: fault.SeverityOff}); err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(status)
	return err
}

// BenchmarkPythonAgainstPeers measures whole processes in turn, ours with a warm
// cache and that of pip or uv with zip, as [BenchmarkNodeAgainstNpm] does.
func BenchmarkPythonAgainstPeers(b *testing.B) {
	bed := os.Getenv("LAYERBUILD_TESTBED")
	if bed == "" {
		b.Fatal("LAYERBUILD_TESTBED names no Python environment with pip and uv")
	}
	for i, set := range pythonSets {
		wheels := fetchWheels(b, bed, set.requirements)
		r := race{
			spec: Spec{Runtimes: []string{"python3.11"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: strings.Fields(set.requirements)}},
			env:  []string{"BED=" + bed, "WHEELS=" + wheels, "REQS=" + set.requirements, "UV_CACHE_DIR=" + b.TempDir()},
		}
		for _, peer := range pythonPeers {
			b.Run(set.name+"/"+peer.name, func(b *testing.B) {
				r.theirs, r.hold = peer.script, peer.hold[i]
				for b.Loop() {
					r.run(b, "packed")
				}
			})
		}
	}
}

// fetchWheels downloads the wheels of a set, and returns their folder.
func fetchWheels(b *testing.B, bed, requirements string) string {
	b.Helper()
	dir := b.TempDir()
	args := []string{"download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--python-version", "3.11", "--dest", dir}
	measure(b, dir, nil, filepath.Join(bed, "bin", "pip"), append(args, strings.Fields(requirements)...)...)
	return dir
}

// BenchmarkNodeAgainstNpm measures whole processes in turn, ours and "npm ci"
// with zip, from one lock file, and reports the median of the pairs' ratios:
// how many times more wall time and CPU time npm takes. CPU is the steadier
// one, and is held to.
func BenchmarkNodeAgainstNpm(b *testing.B) {
	for _, set := range nodeSets {
		dir := b.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"dependencies":`+set.dependencies+`}`), 0o644); err != nil {
			b.Fatal(err)
		}
		measure(b, dir, nil, "npm", "install", "--package-lock-only", "--no-audit", "--no-fund", "--os=linux", "--cpu=x64", "--libc=glibc")
		r := race{
			spec: Spec{Runtimes: []string{"nodejs20.x"}, Architectures: []string{"x86_64"}, NodeJS: &NodeSpec{LockFile: filepath.Join(dir, "package-lock.json")}},
			env:  []string{"PROJECT=" + dir},
			theirs: `mkdir nodejs && cp "$PROJECT"/package*.json nodejs &&
				(cd nodejs && npm ci --omit=dev --ignore-scripts --no-audit --no-fund) && zip -qr theirs.zip nodejs`,
		}
		for i, state := range []string{"cold", "warm", "packed", "signed"} {
			b.Run(set.name+"/"+state, func(b *testing.B) {
				r.hold = set.hold[i]
				for b.Loop() {
					r.run(b, state)
				}
			})
		}
	}
}

// race is a layer that we build, and another way to make it: a script, which runs in
// an empty folder.
type race struct {
	spec   Spec
	env    []string
	theirs string
	hold   float64
}

// run runs both in turn: "cold" with empty caches, "warm" with what was fetched,
// "packed" with what was packed before, and "signed" with that and a key of the cache.
func (r race) run(b *testing.B, state string) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	spec, err := json.Marshal(r.spec)
	if err != nil {
		b.Fatal(err)
	}
	ourCache, theirCache := b.TempDir(), b.TempDir()
	key := map[string]string{"signed": "the key of the benchmark"}[state]
	var walls, cpus []float64
	var ours, theirs cost
	for i := range 4 {
		switch state {
		case "cold":
			ourCache, theirCache = b.TempDir(), b.TempDir()
		case "warm": // the tarballs stay
			if err := os.RemoveAll(filepath.Join(ourCache, "v1", "records", "segments")); err != nil {
				b.Fatal(err)
			}
		}
		temp := b.TempDir()
		zip := filepath.Join(temp, "ours.zip")
		ours = measure(b, temp, []string{benchSpec + "=" + string(spec), benchCache + "=" + ourCache, benchKey + "=" + key, benchOut + "=" + zip}, self)
		theirs = measure(b, temp, append(r.env, "npm_config_cache="+theirCache), "sh", "-c", r.theirs)
		if i > 0 || state == "cold" { // the first pair fills the caches
			walls = append(walls, float64(theirs.wall)/float64(ours.wall))
			cpus = append(cpus, float64(theirs.cpu)/float64(ours.cpu))
		}
		if ours.peakMiB > maxMiB {
			b.Errorf("we took %.0f MiB, and promise %d", ours.peakMiB, maxMiB)
		}
		b.ReportMetric(megabytes(b, zip), "ours-zip-MB")
		b.ReportMetric(megabytes(b, filepath.Join(temp, "theirs.zip")), "their-zip-MB")
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	cpu := cpus[len(cpus)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(walls[len(walls)/2], "wall-ratio")
	b.ReportMetric(cpu, "cpu-ratio")
	b.ReportMetric(float64(ours.cpu.Milliseconds()), "our-cpu-ms")
	b.ReportMetric(float64(theirs.cpu.Milliseconds()), "their-cpu-ms")
	b.ReportMetric(ours.peakMiB, "our-MiB")
	if cpu < r.hold {
		b.Errorf("the peer takes %.1f times our CPU, we promise %.1f", cpu, r.hold)
	}
}

// cost is what one run of a process, its children included, took.
type cost struct {
	wall, cpu time.Duration
	peakMiB   float64
}

func megabytes(b *testing.B, name string) float64 {
	b.Helper()
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}

// measure runs a program in a folder and returns what it took.
func measure(b *testing.B, dir string, env []string, name string, args ...string) cost {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, stderr.String())
	}
	c := cost{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	// A process starts with its parent's peak on its account: ours tells its own.
	if own := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(stdout.String()); own != nil {
		kib, err := strconv.Atoi(own[1])
		if err != nil {
			b.Fatal(err)
		}
		c.peakMiB = float64(kib) / 1024
	}
	return c
}
