//go:build unix

package provider

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// soak is a configuration, what it is built from, and what every machine has to
// make of it.
type soak struct {
	*testing.T
	random  *rand.Rand
	index   *indextest.Index
	aws     *lambdatest.AWS
	disturb atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // asked about each request to the index
	config  map[string]any
	want    soakResult
	layers  int
	log     []string
}

// TestSoak builds and publishes random configurations while the network fails,
// the disk is full, processes are killed, two share a cache, clocks jump and
// folders cannot be written. Whatever happened, the next run makes the bytes that
// a quiet machine makes (promises 2, 3 and 10 of the contract), once (7), and then
// nothing moves by itself (4). LAYERBUILD_SOAK is the number of configurations,
// LAYERBUILD_SEED where they begin; "make soak" plays 200.
func TestSoak(t *testing.T) {
	t.Parallel()
	count, seed := uint64(3), uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_SOAK"), 10, 64); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_SEED"), 10, 64); err == nil {
		seed = n
	}
	for i := range count {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
			t.Parallel()
			s := newSoak(t, seed+i)
			episodes := []func(){s.network, s.fullDisk, s.killed, s.twoAtOnce, s.clockJumps, s.readOnly, s.lostAnswers}
			s.random.Shuffle(len(episodes), func(a, b int) { episodes[a], episodes[b] = episodes[b], episodes[a] })
			for _, episode := range episodes[:3] {
				episode()
			}
			if (seed+i)%20 == 1 {
				s.realCLI()
			}
			if t.Failed() || testing.Verbose() {
				t.Logf("LAYERBUILD_SEED=%d, %v\n%s", seed+i, s.config, strings.Join(s.log, "\n"))
			}
		})
	}
}

// newSoak makes an index of random packages and a random configuration, and has a
// quiet machine build it.
func newSoak(t *testing.T, seed uint64) *soak {
	t.Helper()
	s := &soak{T: t, random: rand.New(rand.NewPCG(seed, 19)), aws: lambdatest.New(t)}
	const packages = 6
	var text strings.Builder
	options := []indextest.Option{indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
		disturb := s.disturb.Load()
		return disturb != nil && (*disturb)(w, r)
	})}
	for i := range packages {
		for version := range 1 + s.random.IntN(3) {
			fmt.Fprintf(&text, "p%d %d.0\n", i, version+1)
			if i+1 < packages && s.random.IntN(2) == 0 {
				fmt.Fprintf(&text, "  requires: p%d>=1\n", i+1+s.random.IntN(packages-i-1))
			}
			noise := make([]byte, s.random.IntN(200<<10))
			for j := range noise {
				noise[j] = byte(s.random.Uint32())
			}
			options = append(options, indextest.WithFiles(fmt.Sprintf("p%d %d.0", i, version+1), map[string][]byte{fmt.Sprintf("p%d/data.bin", i): noise}))
		}
	}
	s.index = indextest.New(t, text.String(), options...)
	runtimes := [][]any{{"python3.12"}, {"python3.11", "python3.12"}, {"python3.13"}}
	s.config = map[string]any{
		"runtimes": runtimes[s.random.IntN(len(runtimes))],
		"python":   map[string]any{"requirements": []any{fmt.Sprintf("p%d>=1", s.random.IntN(3)), fmt.Sprintf("p%d", 3+s.random.IntN(3))}},
		"files":    []any{map[string]any{"content": fmt.Sprintf("SEED = %d\n", seed), "target": "python/seed.py"}},
	}
	if s.random.IntN(2) == 0 {
		s.config["exclude"] = []any{"**/METADATA"}
	}
	s.want = s.carryOut(s.fresh())
	if s.want.Err != "" || s.want.SHA256 == "" || s.want.Code != s.want.Expected {
		t.Fatalf("a quiet machine came to %+v", s.want)
	}
	return s
}

// fresh is a run on a machine that has nothing, for a layer of its own.
func (s *soak) fresh() soakRun {
	s.Helper()
	s.layers++
	r := soakRun{Dir: s.TempDir(), Cache: s.TempDir(), Index: s.index.URL(), AWS: s.aws.URL(), Layer: fmt.Sprintf("soak-%d", s.layers), Now: now}
	r.Package = map[string]any{"output_path": filepath.Join(r.Dir, "layer.zip")}
	maps.Copy(r.Package, s.config)
	return r
}

func (s *soak) note(format string, args ...any) { s.log = append(s.log, fmt.Sprintf(format, args...)) }

// command is the process of a run.
func (s *soak) command(r soakRun, wrapper ...string) *exec.Cmd {
	s.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		s.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	line := append(wrapper, self)
	c := exec.CommandContext(s.Context(), line[0], line[1:]...)
	c.Env = append(os.Environ(), soakVariable+"="+string(text), "CACHE="+r.Cache)
	c.Stderr = os.Stderr
	return c
}

// carryOut runs to the end; a process that was killed has no result.
func (s *soak) carryOut(r soakRun) soakResult {
	s.Helper()
	return s.results(s.command(r), 1)[0]
}

// results runs a command and returns what its processes came to.
func (s *soak) results(c *exec.Cmd, count int) []soakResult {
	s.Helper()
	out, err := c.Output()
	results := make([]soakResult, count)
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for i := range results {
		if decoder.Decode(&results[i]) != nil {
			results[i].Err = fmt.Sprintf("ended without an answer: %v", err)
		}
	}
	return results
}

// judge holds the result of a disturbed run: it may fail, with a sentence, and
// what it made has the bytes of the quiet machine.
func (s *soak) judge(what string, r soakRun, result soakResult) {
	s.Helper()
	s.note("%s: %.300q", what, result.Err)
	if result.Err == "" && result != s.want {
		s.Errorf("%s: came to %+v, a quiet machine to %+v", what, result, s.want)
	}
	if strings.Contains(result.Err, "inconsistent") || strings.Contains(result.Err, "panic") {
		s.Errorf("%s: %s", what, result.Err)
	}
	s.wholeZip(what, r)
}

// wholeZip looks for a half zip.
func (s *soak) wholeZip(what string, r soakRun) {
	s.Helper()
	zip, err := os.ReadFile(filepath.Join(r.Dir, "layer.zip"))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(zip)); err != nil || got != s.want.SHA256 {
		s.Errorf("%s: the zip has the hash %s, %v; want %s", what, got, err, s.want.SHA256)
	}
}

// recover runs without disturbance on what is left: the same bytes, published
// once; then nothing is to be done, without a request, ten years later too, and
// although the index has new versions.
func (s *soak) recover(what string, r soakRun) {
	s.Helper()
	s.disturb.Store(nil)
	s.aws.Calm()
	r.MaxFile, r.Nobody = 0, false
	result := s.carryOut(r)
	s.judge(what+", and a quiet run", r, result)
	if result.Err != "" {
		s.Errorf("%s: the next quiet run fails: %s", what, result.Err)
		return
	}
	if live := s.aws.Live(region, r.Layer); len(live) != 1 || live[0].CodeSHA256 != s.want.Expected {
		s.Errorf("%s: AWS has %+v, want one version with the hash %s", what, live, s.want.Expected)
	}
	s.index.Forget()
	r.Drift, r.Now = true, r.Now.AddDate(10, 0, 0)
	if result := s.carryOut(r); result.Err != "" {
		s.Errorf("%s: a later plan: %s", what, result.Err)
	}
	if asked := s.index.Requests(); len(asked) > 0 {
		s.Errorf("%s: a later plan made %d requests to the index, the first is %+v", what, len(asked), asked[0])
	}
}

// unsteady answers some of the requests to the index itself: with errors, a cut
// connection, other bytes or none.
func (s *soak) unsteady() {
	random := rand.New(rand.NewPCG(s.random.Uint64(), 1))
	choices := make(chan int, 4096)
	for range cap(choices) {
		choices <- random.IntN(9)
	}
	disturb := func(w http.ResponseWriter, r *http.Request) bool {
		choice := 8
		select {
		case choice = <-choices:
		default:
		}
		switch choice {
		case 0:
			http.Error(w, "later", http.StatusServiceUnavailable)
		case 1:
			http.Error(w, "broken", http.StatusInternalServerError)
		case 2:
			panic(http.ErrAbortHandler) // the connection is cut
		case 3:
			_, _ = w.Write([]byte("other bytes than those of " + r.URL.Path))
		case 4: // an empty answer
		default:
			return false
		}
		return true
	}
	s.disturb.Store(&disturb)
}

func (s *soak) network() {
	r := s.fresh()
	s.unsteady()
	s.judge("network", r, s.carryOut(r))
	s.recover("network", r)
}

// lostAnswers has AWS carry out a publish and lose the answer.
func (s *soak) lostAnswers() {
	r := s.fresh()
	fault := lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Close: true}
	switch s.random.IntN(3) {
	case 0:
		fault.Status, fault.ErrorType, fault.Close = 504, "GatewayTimeout", false
	case 1:
		fault.At = lambdatest.InReply
	}
	s.aws.Inject(fault)
	s.judge("lost answer", r, s.carryOut(r))
	s.recover("lost answer", r)
}

// fullDisk limits the cache: on a file system of its own where this process may
// mount one, and else the size of each file.
func (s *soak) fullDisk() {
	r := s.fresh()
	r.MaxFile = 4<<10 + s.random.Uint64N(200<<10)
	s.judge("full disk", r, s.carryOut(r))
	s.recover("full disk", r)

	r = s.fresh()
	size := 64<<10 + s.random.IntN(300<<10)
	script := `mount -t tmpfs -o size=` + strconv.Itoa(size) + ` none "$CACHE" || exit 9; "$0"; mount -o remount,size=64m "$CACHE" || exit 9; "$0"`
	for _, unshare := range [][]string{{"unshare", "-m"}, {"unshare", "-rm"}} {
		if exec.CommandContext(s.Context(), unshare[0], append(unshare[1:], "sh", "-c", `mount -t tmpfs none "$0"`, s.TempDir())...).Run() != nil {
			continue
		}
		results := s.results(s.command(r, append(unshare, "sh", "-c", script)...), 2)
		s.judge("full file system", r, results[0])
		if results[1] != s.want {
			s.Errorf("full file system: with more space the run comes to %+v, want %+v", results[1], s.want)
		}
		break
	}
	s.recover("full file system", r)
}

// killed ends a run at one of its requests, or in the middle of a publish.
func (s *soak) killed() {
	r := s.fresh()
	for range 2 {
		ctx, end := context.WithCancel(s.Context())
		c := s.command(r)
		kill := func() {
			_ = c.Process.Kill() // it may have ended
			end()
		}
		if left := int64(s.random.IntN(14)); left < 12 {
			var asked atomic.Int64
			disturb := func(_ http.ResponseWriter, request *http.Request) bool {
				if asked.Add(1) == left+1 {
					kill()
				}
				if asked.Load() <= left {
					return false
				}
				select {
				case <-ctx.Done():
				case <-request.Context().Done():
				}
				panic(http.ErrAbortHandler) // no answer reaches it
			}
			s.disturb.Store(&disturb)
		} else {
			s.aws.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Do: kill, Delay: time.Minute})
		}
		s.judge("killed", r, s.results(c, 1)[0])
		end()
	}
	s.recover("killed", r)
}

// twoAtOnce runs two on one cache, the network being unsteady.
func (s *soak) twoAtOnce() {
	one, two := s.fresh(), s.fresh()
	two.Cache = one.Cache
	if s.random.IntN(2) == 0 {
		s.unsteady()
	}
	second := make(chan soakResult)
	go func() {
		var result soakResult
		out, err := s.command(two).Output()
		if err := errors.Join(err, json.Unmarshal(out, &result)); err != nil {
			result.Err = err.Error()
		}
		second <- result
	}()
	s.judge("two at once", one, s.carryOut(one))
	s.judge("two at once", two, <-second)
	s.recover("two at once", one)
	s.recover("two at once", two)
}

// clockJumps builds on machines whose clocks differ.
func (s *soak) clockJumps() {
	r := s.fresh()
	r.Now = now.Add(time.Duration(s.random.Int64N(int64(400 * 24 * time.Hour))))
	s.judge("clock", r, s.carryOut(r))
	r.Now = now.AddDate(-1, 0, s.random.IntN(3000))
	s.recover("clock", r)
}

// readOnly takes the right to write away: of the cache, which another run may have
// filled, or of the folder of the configuration.
func (s *soak) readOnly() {
	r := s.fresh()
	if s.random.IntN(2) == 0 {
		filled := s.fresh()
		filled.Cache = r.Cache
		s.judge("filling a cache", filled, s.carryOut(filled))
	}
	r.Nobody = true
	locked, open := r.Cache, r.Dir
	if s.random.IntN(3) == 0 {
		locked, open = open, locked
	}
	for _, dir := range []string{filepath.Dir(locked), locked} {
		s.mode(dir, 0o555)
	}
	s.mode(filepath.Dir(open), 0o755)
	s.mode(open, 0o777)
	s.judge("read-only", r, s.carryOut(r))
	for _, dir := range []string{filepath.Dir(locked), locked, open} {
		s.mode(dir, 0o755)
	}
	s.recover("read-only", r)
}

func (s *soak) mode(dir string, mode os.FileMode) {
	s.Helper()
	if err := os.Chmod(dir, mode); err != nil {
		s.Fatal(err)
	}
}

// realCLI kills the real CLI and its provider at one of their requests. The next
// apply makes the bytes, once, and leaves nothing to do.
func (s *soak) realCLI() {
	m := newMachine(s.T, nil).uses("PIP_INDEX_URL=" + s.index.URL())
	m.write("main.tf", zipped(s.aws.URL())+fmt.Sprintf(`
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  python   = { requirements = %s }
}
resource "layerbuild_version" "real" {
  layer_name = "real"
  package    = layerbuild_package.p
}
`, mustJSON(s.config["python"].(map[string]any)["requirements"])))
	m.write("own.zip", zipOf(s.T, "python/a.py", "A = 1\n"))
	run := m.startApply()
	left := int64(s.random.IntN(8))
	var asked atomic.Int64
	disturb := func(http.ResponseWriter, *http.Request) bool {
		if asked.Add(1) == left {
			_ = run.command.Process.Kill() // it may have ended
		}
		return false
	}
	s.disturb.Store(&disturb)
	s.note("the CLI ended with %d", run.wait())
	s.disturb.Store(nil)
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(0, "plan", "-detailed-exitcode")
	if live := s.aws.Live(region, "real"); len(live) != 1 {
		s.Errorf("the real CLI: AWS has %+v, want one version", live)
	}
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
