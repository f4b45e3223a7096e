//go:build live && linux

package layer

import (
	"context"
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
	// tarballs in it, and with what was packed before.
	hold [3]float64
}{
	{"seed", `{"lodash": "4.17.21", "axios": "1.7.9", "uuid": "9.0.1", "dayjs": "1.11.13"}`, [3]float64{8, 12, 40}},
	{"sharp", `{"sharp": "0.33.5"}`, [3]float64{2.5, 2.5, 25}},
	{"nest", `{"@nestjs/core": "10.4.15", "@nestjs/common": "10.4.15", "@nestjs/platform-express": "10.4.15", "rxjs": "7.8.1", "reflect-metadata": "0.2.2", "typeorm": "0.3.20", "pg": "8.13.1"}`, [3]float64{5, 8, 40}},
}

// maxNodeMiB bounds our memory, whatever is packed.
const maxNodeMiB = 100

const (
	benchLock  = "LAYERBUILD_BENCH_LOCK"
	benchCache = "LAYERBUILD_BENCH_CACHE"
	benchOut   = "LAYERBUILD_BENCH_OUT"
)

// TestMain turns the test binary into the program that is measured: it obeys a
// lock file and does nothing else.
func TestMain(m *testing.M) {
	lock := os.Getenv(benchLock)
	if lock == "" {
		os.Exit(m.Run())
	}
	if err := packLock(context.Background(), lock, os.Getenv(benchCache), os.Getenv(benchOut)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func packLock(ctx context.Context, lock, cache, out string) error {
	b := NewBuilder(Options{CacheDir: cache, UserAgent: "benchmark", Getenv: os.Getenv, Environ: os.Environ})
	l, err := b.Resolve(ctx, Spec{Runtimes: []string{"nodejs20.x"}, Architectures: []string{"x86_64"}, NodeJS: &NodeSpec{LockFile: lock}}, nil)
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
		run(b, dir, nil, "npm", "install", "--package-lock-only", "--no-audit", "--no-fund", "--os=linux", "--cpu=x64", "--libc=glibc")
		for i, state := range []string{"cold", "warm", "packed"} {
			b.Run(set.name+"/"+state, func(b *testing.B) {
				for b.Loop() {
					raceNpm(b, dir, state, set.hold[i])
				}
			})
		}
	}
}

// cost is what one run of a process, its children included, took.
type cost struct {
	wall, cpu time.Duration
	peakMiB   float64
}

func raceNpm(b *testing.B, project, state string, hold float64) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	lock := filepath.Join(project, "package-lock.json")
	ourCache, theirCache := b.TempDir(), b.TempDir()
	var walls, cpus []float64
	var ours, theirs cost
	for i := range 3 {
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
		ours = run(b, temp, []string{benchLock + "=" + lock, benchCache + "=" + ourCache, benchOut + "=" + zip}, self)
		theirs = run(b, temp, []string{"npm_config_cache=" + theirCache, "PROJECT=" + project}, "sh", "-c",
			`mkdir nodejs && cp "$PROJECT"/package*.json nodejs && (cd nodejs && npm ci --omit=dev --ignore-scripts --no-audit --no-fund) && zip -qr theirs.zip nodejs`)
		if i > 0 || state == "cold" { // the first pair fills the caches
			walls = append(walls, float64(theirs.wall)/float64(ours.wall))
			cpus = append(cpus, float64(theirs.cpu)/float64(ours.cpu))
		}
		if ours.peakMiB > maxNodeMiB {
			b.Errorf("we took %.0f MiB, and promise %d", ours.peakMiB, maxNodeMiB)
		}
		b.ReportMetric(megabytes(b, zip), "ours-zip-MB")
		b.ReportMetric(megabytes(b, filepath.Join(temp, "theirs.zip")), "npm-zip-MB")
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	cpu := cpus[len(cpus)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(walls[len(walls)/2], "wall-ratio")
	b.ReportMetric(cpu, "cpu-ratio")
	b.ReportMetric(float64(ours.wall.Milliseconds()), "ours-ms")
	b.ReportMetric(float64(theirs.wall.Milliseconds()), "npm-ms")
	b.ReportMetric(ours.peakMiB, "ours-MiB")
	if cpu < hold {
		b.Errorf("npm takes %.1f times our CPU, we promise %.1f", cpu, hold)
	}
}

func megabytes(b *testing.B, name string) float64 {
	b.Helper()
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}

// run runs a program in a folder and returns what it took.
func run(b *testing.B, dir string, env []string, name string, args ...string) cost {
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
