package python

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// corpusTargets are the targets of the recorded answers.
var corpusTargets = map[string]Target{
	"py311-x86-217": {Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 17},
	"py312-x86-234": {Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34},
	"py313-arm-234": {Runtime: "python3.13", Minor: 13, Arch: "aarch64", Glibc: 34},
}

// recordedSet is a set of requirements and what uv 0.13.9 answers, wheels only:
// pins, or REFUSED. The file says where it is wrong.
type recordedSet struct {
	name       string
	asks, caps []string
	answers    map[string]string // by target
}

// readRecorded reads testdata/corpus-sets.txt.
func readRecorded(t *testing.T) []*recordedSet {
	t.Helper()
	f, err := os.Open("testdata/corpus-sets.txt")
	if err != nil {
		t.Fatal(err)
	}
	var sets []*recordedSet
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if key == "#" {
			continue
		}
		if key == "set" {
			sets = append(sets, &recordedSet{name: value, answers: map[string]string{}})
			continue
		}
		set := sets[len(sets)-1]
		switch key {
		case "asks:":
			set.asks = append(set.asks, value)
		case "limits:":
			set.caps = append(set.caps, value)
		case "on":
			target, pins, _ := strings.Cut(value, ": ")
			set.answers[target] = pins
		default:
			t.Fatalf("testdata/corpus-sets.txt: unknown line %q", lines.Text())
		}
	}
	if err := errors.Join(lines.Err(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return sets
}

// readCorpus returns an extract of the Python Package Index of 20 November
// 2026: the versions around those that the recorded answers touch, with their
// real tags, requirements and yanks.
func readCorpus(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/corpus.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRecordedAnswers resolves real requirements over real data and compares
// with another resolver.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, readCorpus(t))
	client, _ := newClient(t, nil)
	answers, refusals := 0, 0
	for _, set := range readRecorded(t) {
		for target, want := range set.answers {
			lock, err := Resolve(t.Context(), client, Spec{
				Targets: []Target{corpusTargets[target]}, Indexes: []Index{{URL: index.URL()}},
				Requirements: inputs(t, "req", set.asks...), Constraints: inputs(t, "limits", set.caps...),
			})
			got := "REFUSED"
			if err == nil {
				got = normalPins(t, lock)
			} else if !isRefusal(err) {
				t.Errorf("%s on %s: %v", set.name, target, err)
			}
			if got != want {
				t.Errorf("%s on %s:\n  got  %s\n  want %s\n  (%v)", set.name, target, got, want, err)
			}
			if want == "REFUSED" {
				refusals++
			} else {
				answers++
			}
		}
	}
	if answers != 149 || refusals != 29 {
		t.Errorf("compared %d answers and %d refusals, want 149 and 29", answers, refusals)
	}
}

func isRefusal(err error) bool {
	_, unsat := errors.AsType[*Unsat](err)
	_, noWheel := errors.AsType[*NoWheel](err)
	_, noVersion := errors.AsType[*NoVersion](err)
	_, missing := errors.AsType[*Missing](err)
	return unsat || noWheel || noVersion || missing
}

// normalPins writes a lock as the recorded answers are written.
func normalPins(t *testing.T, l *Lock) string {
	t.Helper()
	var list []string
	for _, w := range l.Wheels {
		v, err := pep440.Parse(w.Version)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w.Name+"=="+v.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
