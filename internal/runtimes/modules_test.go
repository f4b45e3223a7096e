package runtimes

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestStandardModulesOfEachVersion compares the table with what interpreters say
// in sys.stdlib_module_names (3.10 to 3.13), and with literals.
func TestStandardModulesOfEachVersion(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/stdlib.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	recorded := map[int]map[string]bool{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		version, names, _ := strings.Cut(lines.Text(), " ")
		minor, err := strconv.Atoi(version)
		if err != nil {
			t.Fatal(err)
		}
		recorded[minor] = map[string]bool{}
		for name := range strings.FieldsSeq(names) {
			recorded[minor][name] = true
			if !HasStandardModule(minor, name) {
				t.Errorf("3.%d has %q, and the table lacks it", minor, name)
			}
		}
		for name := range StandardModules {
			if HasStandardModule(minor, name) && !recorded[minor][name] {
				t.Errorf("3.%d lacks %q, and the table has it", minor, name)
			}
		}
	}
	if len(recorded) != 4 || len(recorded[12]) != 300 {
		t.Errorf("%d interpreters, %d modules of 3.12", len(recorded), len(recorded[12]))
	}
	for _, c := range []struct {
		minor  int
		module string
		want   bool
	}{
		{11, "distutils", true}, {12, "distutils", false}, {12, "cgi", true}, {13, "cgi", false}, {10, "tomllib", false}, {11, "tomllib", true},
		{8, "zoneinfo", false}, {9, "zoneinfo", true}, {9, "parser", true}, {10, "parser", false}, {14, "compression", true}, {15, "json", true},
		{12, "winreg", true}, {12, "requests", false}, {12, "boto3", false}, {12, "__future__", true}, {12, "_thread", true},
	} {
		if got := HasStandardModule(c.minor, c.module); got != c.want {
			t.Errorf("3.%d has %q: %t, want %t", c.minor, c.module, got, c.want)
		}
	}
}

func TestWhatRuntimesBring(t *testing.T) {
	t.Parallel()
	python, err := Lookup("python3.13")
	if err != nil {
		t.Fatal(err)
	}
	node, err := Lookup("nodejs22.x")
	if err != nil {
		t.Fatal(err)
	}
	if !python.BringsModule("botocore") || python.BringsModule("requests") || node.BringsModule("boto3") {
		t.Error("modules of Python")
	}
	if !node.BringsPackage("@aws-sdk/client-s3") || node.BringsPackage("aws-sdk") || python.BringsPackage("@aws-sdk/client-s3") {
		t.Error("packages of Node.js")
	}
	for name, want := range map[string]bool{"fs": true, "node:sqlite": true, "fs/promises": true, "lodash": false, "sqlite": false} {
		if HasNodeModule(name) != want {
			t.Errorf("Node.js has %q: %t", name, !want)
		}
	}
}
