package resolve

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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// corpusTargets are the targets of the recorded answers.
var corpusTargets = map[string]wheel.Target{
	"py311-x86-217": {Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 17},
	"py312-x86-234": {Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34},
	"py313-arm-234": {Runtime: "python3.13", Minor: 13, Arch: "aarch64", Glibc: 34},
}

// recordedSet is a set of requirements and what uv 0.13.9 answers, wheels only:
// pins, or REFUSED.
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

// difference is what two answers to one set do not share, and why.
type difference struct{ uvAlone, weAlone, why string }

// readDifferences reads the table of testdata/differences.md by "set on target".
func readDifferences(t *testing.T) map[string]difference {
	t.Helper()
	b, err := os.ReadFile("testdata/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]difference{}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || cells[0] == " set " || strings.HasPrefix(cells[0], "---") {
			continue
		}
		if len(cells) != 5 || strings.TrimSpace(cells[4]) == "" {
			t.Fatalf("testdata/differences.md: the line %q lacks a cell or its reason", line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		table[cells[0]+" on "+cells[1]] = difference{uvAlone: cells[2], weAlone: cells[3], why: cells[4]}
	}
	return table
}

// alone returns the words of a text that another does not have.
func alone(text, other string) string {
	others := strings.Fields(other)
	words := slices.DeleteFunc(strings.Fields(text), func(word string) bool { return slices.Contains(others, word) })
	return strings.Join(words, " ")
}

// TestRecordedAnswers resolves real requirements over real data and compares
// with another resolver, but for the differences that are explained.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, readCorpus(t))
	client, _ := pythontest.Client(t, nil)
	explained := readDifferences(t)
	same, refusals, different := 0, 0, 0
	for _, set := range readRecorded(t) {
		for target, want := range set.answers {
			lock, err := Resolve(t.Context(), client, Spec{
				Targets: []wheel.Target{corpusTargets[target]}, Indexes: []index.Index{{URL: idx.URL()}},
				Requirements: pythontest.Inputs(t, "req", set.asks...), Constraints: pythontest.Inputs(t, "limits", set.caps...),
			})
			got := "REFUSED"
			if err == nil {
				got = normalPins(t, lock)
			} else if !isRefusal(err) {
				t.Errorf("%s on %s: %v", set.name, target, err)
			}
			which := set.name + " on " + target
			reason, known := explained[which]
			delete(explained, which)
			switch {
			case got != want && (!known || alone(want, got) != reason.uvAlone || alone(got, want) != reason.weAlone):
				t.Errorf("%s:\n  got  %s\n  want %s\n  (%v)\n  testdata/differences.md says %+v", which, got, want, err, reason)
			case got != want:
				different++
			case known:
				t.Errorf("%s: the answers are one: drop the line of testdata/differences.md", which)
			case want == "REFUSED":
				refusals++
			default:
				same++
			}
		}
	}
	for which := range explained {
		t.Errorf("testdata/differences.md explains %s, which is not a recorded answer", which)
	}
	if same != 148 || refusals != 29 || different != 1 {
		t.Errorf("%d answers are the same, %d refusals, and %d differ, want 148, 29 and 1", same, refusals, different)
	}
}

func isRefusal(err error) bool {
	_, unsat := errors.AsType[*wheel.Unsat](err)
	_, noWheel := errors.AsType[*wheel.NoWheel](err)
	_, noVersion := errors.AsType[*wheel.NoVersion](err)
	_, missing := errors.AsType[*wheel.Missing](err)
	return unsat || noWheel || noVersion || missing
}

// normalPins writes a lock as the recorded answers are written.
func normalPins(t *testing.T, l *wheel.Lock) string {
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
