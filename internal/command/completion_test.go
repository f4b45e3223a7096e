package command

import (
	"strings"
	"testing"
)

func TestWordsThatMayFollow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words string // the last is being typed
		want  string
	}{
		{"ins", "inspect"},
		{"cache ", "clear size trim verify"},
		{"--json cache v", "verify"},
		{"cache --dir /tmp t", "trim"},
		{"inspect --ht", "--html"},
		{"inspect --runtime nodejs2", "nodejs20.x nodejs22.x nodejs24.x nodejs26.x"},
		{"build --runtime python3.12 --architecture ", "arm64 x86_64"},
		{"build -f layer.json --runtime=x --architecture a", "arm64"},
		{"completion ", "bash fish zsh"},
		{"inspect ", ""},        // a file
		{"build --out lay", ""}, // a file
	} {
		args := append([]string{"words", "--"}, strings.Split(c.words, " ")...)
		if status, out, errs := run(t, args...); status != 0 || strings.Join(strings.Fields(out), " ") != c.want {
			t.Errorf("%q: status %d, %q, want %q; %s", c.words, status, out, c.want, errs)
		}
	}
	_, out, _ := run(t, "words", "--", "")
	for _, name := range []string{"build", "diff", "inspect", "lint"} {
		if !strings.Contains("\n"+out, "\n"+name+"\n") {
			t.Errorf("%q is not among %q", name, out)
		}
	}
	for _, hidden := range []string{"words", withinName} {
		if strings.Contains("\n"+out, "\n"+hidden+"\n") {
			t.Errorf("%q is offered", hidden)
		}
	}
	if status, _, _ := run(t, "completion", "tcsh"); status != 2 {
		t.Errorf("a shell that is not known: status %d", status)
	}
}
