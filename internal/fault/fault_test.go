package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	index := At("python", "index").Index(0)
	for want, p := range map[string]Path{
		"":                               {},
		"python.index[0]":                index,
		"python.index[0].url":            index.At("url"),
		"python.index[0].packages[2]":    index.At("packages").Index(2),
		`nodejs.dependencies["@a/b"]`:    At("nodejs", "dependencies").Key("@a/b"),
		"python.index[0].codeartifact.x": index.At("codeartifact", "x"),
	} {
		if p.String() != want {
			t.Errorf("got %q, want %q", p, want)
		}
	}
	if got := index.String(); got != "python.index[0]" {
		t.Errorf("longer paths changed the shorter one to %q", got)
	}
	if !index.At("url").Equal(At("python", "index").Index(0).At("url")) || index.Equal(At("python", "index").Index(1)) || index.Root() != "python" {
		t.Error("paths of one argument differ, or of two are equal")
	}
}

func TestAllFindsJoinedFaults(t *testing.T) {
	t.Parallel()
	one, two := &Error{At: At("files").Index(0), Summary: "one"}, &Error{At: At("files").Index(2), Summary: "two"}
	err := fmt.Errorf("checking: %w", errors.Join(one, errors.New("untied"), errors.Join(two)))
	if got := All(err); len(got) != 2 || got[0] != one || got[1] != two {
		t.Errorf("got %v, want both faults in their order", got)
	}
	if All(errors.New("x")) != nil || All(nil) != nil {
		t.Error("an error without an argument has faults")
	}
}

func TestTieKeepsTheFirstArgument(t *testing.T) {
	t.Parallel()
	first := Tie(At("files").Index(1), "inner", errors.New("reading \"a\": no such file"))
	second := Tie(At("python"), "outer", fmt.Errorf("more: %w", first))
	var fault *Error
	if !errors.As(second, &fault) || fault.At.String() != "files[1]" || fault.Detail != "Reading \"a\": no such file." {
		t.Errorf("got %+v, want the fault of files[1] with a sentence", fault)
	}
}

func TestSeverityJudges(t *testing.T) {
	t.Parallel()
	finding := &Error{At: At("checks"), Summary: "s", Detail: "d"}
	if w, err := SeverityWarning.Apply(finding); err != nil || len(w) != 1 || w[0].Summary != "s" {
		t.Errorf("warning: got %v, %v", w, err)
	}
	if w, err := SeverityOff.Apply(finding); err != nil || w != nil {
		t.Errorf("off: got %v, %v", w, err)
	}
	if w, err := Severity("").Apply(finding); !errors.Is(err, error(finding)) || w != nil {
		t.Errorf("unset: got %v, %v, want the error", w, err)
	}
}
