// Package pythontest has what the tests of Python share: targets, clients, questions
// and answers in short.
package pythontest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Targets of three runtimes.
var (
	Py311  = wheel.Target{Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 26}
	Py312  = wheel.Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}
	Arm313 = wheel.Target{Runtime: "python3.13", Minor: 13, Arch: "aarch64", Glibc: 34}
)

// Client returns a client with an empty store, and that store.
func Client(t *testing.T, change func(*fetch.Options)) (*fetch.Client, *store.Store) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := fetch.Options{Store: st, NetrcPath: t.TempDir() + "/none", Retries: -1}
	if change != nil {
		change(&o)
	}
	c := fetch.New(o)
	return c, st
}

// Inputs parses requirements; their sources are req:1, req:2 and so on.
func Inputs(t *testing.T, prefix string, lines ...string) []pep508.Input {
	t.Helper()
	var list []pep508.Input
	for i, line := range lines {
		in, err := pep508.ParseInput(line, fmt.Sprintf("%s:%d", prefix, i+1))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, in)
	}
	return list
}

// Pins lists a lock as "name==version", with the wheel's tags where it is not
// py3-none-any.
func Pins(l *wheel.Lock) []string {
	var list []string
	for _, w := range l.Wheels {
		text := w.Name + "==" + w.Version
		_, tags, _ := strings.Cut(strings.TrimSuffix(w.Filename, ".whl"), "-"+w.Version+"-")
		if tags != "py3-none-any" {
			text += " " + tags
		}
		list = append(list, text)
	}
	return list
}

// Day is the start of a day of 2024, in UTC.
func Day(month, d int) time.Time { return time.Date(2024, time.Month(month), d, 0, 0, 0, 0, time.UTC) }
