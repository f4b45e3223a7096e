//go:build live && linux

package layerzip

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
	"syscall"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// sets are what the benchmark packs, for python3.11 on x86_64.
var sets = []struct {
	name, requirements string // of distributions with all they need
	pairs              int
}{
	{"S", `requests==2.31.0 python-dateutil==2.8.2 aws-lambda-powertools==2.30.0
		certifi==2026.10.18 charset-normalizer==3.5.2 idna==3.20 six==1.17.0 typing-extensions==4.16.0 urllib3==2.8.0`, 9},
	{"M", `boto3==1.44.5 pandas==2.3.2 numpy==2.2.6
		botocore==1.44.5 jmespath==1.1.0 python-dateutil==2.9.0.post0 pytz==2026.6 s3transfer==0.19.3 six==1.17.0
		tzdata==2026.6 urllib3==2.8.0`, 3},
}

// peers are other ways to make a layer of the same wheels, all warm and
// offline. Their scripts see $WHEELS, $OUT (an empty directory), $BED (a
// Python environment with pip and uv), $LAYER (the zip that we made), $REQS.
var peers = []struct {
	name, script string
	holdS, holdM float64 // the least CPU ratio that we promise
}{
	{"pip", `"$BED/bin/pip" install -q --disable-pip-version-check --root-user-action ignore --no-index --find-links "$WHEELS" \
		--platform manylinux2014_x86_64 --python-version 3.11 --only-binary :all: --target "$OUT/python" $REQS &&
		cd "$OUT" && zip -qr layer.zip python`, 100, 100},
	{"pip-no-compile", `"$BED/bin/pip" install -q --disable-pip-version-check --root-user-action ignore --no-index --find-links "$WHEELS" \
		--platform manylinux2014_x86_64 --python-version 3.11 --only-binary :all: --no-compile --no-deps --target "$OUT/python" "$WHEELS"/*.whl &&
		cd "$OUT" && zip -qr layer.zip python`, 60, 60},
	{"uv", `"$BED/bin/uv" pip install -q --offline --no-deps --no-index --find-links "$WHEELS" \
		--python-platform x86_64-manylinux2014 --python-version 3.11 --target "$OUT/python" "$WHEELS"/*.whl &&
		cd "$OUT" && zip -qr layer.zip python`, 15, 50},
	{"uv-stored", `"$BED/bin/uv" pip install -q --offline --no-deps --no-index --find-links "$WHEELS" \
		--python-platform x86_64-manylinux2014 --python-version 3.11 --target "$OUT/python" "$WHEELS"/*.whl &&
		cd "$OUT" && zip -0qr layer.zip python`, 6, 10},
	{"cp-sha256sum", `cp "$LAYER" "$OUT/copy.zip" && sha256sum -b "$OUT/copy.zip" > "$OUT/sum"`, 0, 0.75},
}

const packVariable = "LAYERBUILD_BENCH_PACK"

// TestMain turns the test binary into the program that is measured: it packs
// the wheels of a directory and does nothing else.
func TestMain(m *testing.M) {
	dir := os.Getenv(packVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := packWheels(context.Background(), dir, os.Getenv("OUT")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func packWheels(ctx context.Context, dir, out string) error {
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil {
		return err
	}
	var all filetree.Tree
	for _, wheel := range wheels {
		archive, err := filetree.FileArchive(filepath.Base(wheel), wheel)
		if err != nil {
			return err
		}
		tree, err := filetree.FromZip(archive)
		if err != nil {
			return err
		}
		for _, e := range tree {
			e.Path = "python/" + e.Path
			all = append(all, e)
		}
	}
	layout, err := NewLayout(all)
	if err != nil {
		return err
	}
	if _, err := layout.WriteFile(ctx, filepath.Join(out, "layer.zip")); err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(status)
	return err
}

// cost is what one run of a process, its children included, took.
type cost struct {
	wall, cpu time.Duration
	peakMiB   float64
	zipMB     float64
}

// BenchmarkAgainstPeers measures whole processes in turn, ours and a peer's,
// and reports the median of the pairs' ratios: how many times more wall time
// and CPU time the peer takes. CPU is the steadier one, and is held to.
func BenchmarkAgainstPeers(b *testing.B) {
	bed := os.Getenv("LAYERBUILD_TESTBED")
	if bed == "" {
		b.Fatal("LAYERBUILD_TESTBED names no Python environment with pip and uv")
	}
	for _, set := range sets {
		dir := fetchWheels(b, bed, set.name, set.requirements)
		for _, peer := range peers {
			hold := peer.holdM
			if set.name == "S" {
				hold = peer.holdS
			}
			b.Run(set.name+"/"+peer.name, func(b *testing.B) {
				env := []string{"BED=" + bed, "WHEELS=" + dir, "REQS=" + set.requirements, "UV_CACHE_DIR=" + filepath.Join(filepath.Dir(dir), "uv")}
				for b.Loop() {
					race(b, peer.script, env, dir, set.pairs, hold)
				}
			})
		}
	}
}

func race(b *testing.B, script string, env []string, dir string, pairs int, hold float64) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var walls, cpus []float64
	var ours, theirs cost
	for i := range pairs + 1 {
		dirs := b.TempDir()
		layer := filepath.Join(dirs, "ours")
		ours = measure(b, layer, []string{packVariable + "=" + dir}, self)
		theirs = measure(b, filepath.Join(dirs, "theirs"), append(env, "LAYER="+filepath.Join(layer, "layer.zip")), "sh", "-c", script)
		if i > 0 { // the first pair warms caches
			walls = append(walls, ratio(theirs.wall, ours.wall))
			cpus = append(cpus, ratio(theirs.cpu, ours.cpu))
		}
		if err := os.RemoveAll(dirs); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	cpu := cpus[len(cpus)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(walls[len(walls)/2], "wall-ratio")
	b.ReportMetric(cpu, "cpu-ratio")
	b.ReportMetric(float64(ours.wall.Milliseconds()), "ours-ms")
	b.ReportMetric(float64(theirs.wall.Milliseconds()), "peer-ms")
	b.ReportMetric(ours.peakMiB, "ours-MiB")
	b.ReportMetric(theirs.peakMiB, "peer-MiB")
	b.ReportMetric(ours.zipMB, "ours-zip-MB")
	b.ReportMetric(theirs.zipMB, "peer-zip-MB")
	if cpu < hold {
		b.Errorf("the peer takes %.1f times our CPU, we promise %.2f", cpu, hold)
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// measure runs a program with OUT set to a new directory out.
func measure(b *testing.B, out string, env []string, name string, args ...string) cost {
	b.Helper()
	if err := os.Mkdir(out, 0o755); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), name, args...)
	cmd.Env = append(append(os.Environ(), env...), "OUT="+out)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, stderr.String())
	}
	c := cost{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peakMiB = float64(usage.Maxrss) / 1024
	}
	// A process starts with its parent's peak on its account: ours tells its own.
	if own := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(stdout.String()); own != nil {
		kib, err := strconv.Atoi(own[1])
		if err != nil {
			b.Fatal(err)
		}
		c.peakMiB = float64(kib) / 1024
	}
	for _, zip := range []string{"layer.zip", "copy.zip"} {
		if info, err := os.Stat(filepath.Join(out, zip)); err == nil {
			c.zipMB = float64(info.Size()) / 1e6
		}
	}
	return c
}

// fetchWheels downloads the wheels of a set beside the testbed, once.
func fetchWheels(b *testing.B, bed, name, requirements string) string {
	b.Helper()
	dir := filepath.Join(filepath.Dir(bed), "bench", name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	temp := dir + ".part"
	if err := os.RemoveAll(temp); err != nil {
		b.Fatal(err)
	}
	args := append([]string{
		"download", "-q", "--disable-pip-version-check", "--only-binary", ":all:", "--platform", "manylinux2014_x86_64",
		"--python-version", "3.11", "--dest", temp,
	}, strings.Fields(requirements)...)
	if out, err := exec.CommandContext(b.Context(), filepath.Join(bed, "bin", "pip"), args...).CombinedOutput(); err != nil {
		b.Fatalf("downloading set %s: %v\n%s", name, err, out)
	}
	if err := os.Rename(temp, dir); err != nil {
		b.Fatal(err)
	}
	return dir
}
