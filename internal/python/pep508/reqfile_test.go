package pep508

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	hashA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	hashB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// writeFiles puts the files into a new folder and returns the path of one.
func writeFiles(t *testing.T, files map[string]string, first string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, first)
}

// show writes inputs as "source requirement hashes", one each.
func show(inputs []Input) []string {
	var list []string
	for _, input := range inputs {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", input.Source, input.Requirement, strings.Join(input.Hashes, " "))))
	}
	return list
}

// filesCase tells what a requirements.txt among files must give.
type filesCase struct {
	name                      string
	files                     map[string]string
	requirements, constraints []string
}

func (c filesCase) check(t *testing.T) {
	t.Parallel()
	read, err := ReadRequirementsFile(writeFiles(t, c.files, "requirements.txt"), noVariables)
	if err != nil {
		t.Fatal(err)
	}
	if got := show(read.Requirements); !slices.Equal(got, c.requirements) {
		t.Errorf("requirements = %q, want %q", got, c.requirements)
	}
	if got := show(read.Constraints); !slices.Equal(got, c.constraints) {
		t.Errorf("constraints = %q, want %q", got, c.constraints)
	}
}

func noVariables(string) string { return "" }

func TestReadRequirementsFileAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []filesCase{
		{
			"comments, blank lines, byte order mark, line ends",
			map[string]string{"requirements.txt": "\ufeff# all\r\n\r\nFlask>=3  # web\r\n  six\r\nboto3 @ https://example.com/b.whl#sha256=0\r\n"},
			[]string{"requirements.txt:3 flask>=3", "requirements.txt:4 six", "requirements.txt:5 boto3 @ https://example.com/b.whl#sha256=0"},
			nil,
		},
		{
			"hashes over several lines",
			map[string]string{"requirements.txt": "six==1.16.0 \\\n    --hash=" + strings.ToUpper(hashA) + " \\\n    --hash " + hashB + "\nflask[async] ; python_version < '4' --hash=" + hashA + "\n"},
			[]string{
				"requirements.txt:1 six==1.16.0 " + hashA + " " + hashB,
				`requirements.txt:4 flask[async]; python_version < "4" ` + hashA,
			},
			nil,
		},
		{
			"a comment ends a chain of lines",
			map[string]string{"requirements.txt": "flask>=3, \\\n# not below\nsix \\\n"},
			[]string{"requirements.txt:1 flask>=3", "requirements.txt:3 six"},
			nil,
		},
		{
			"options without effect",
			map[string]string{"requirements.txt": "--only-binary :all:\n--only-binary=numpy\n--prefer-binary\nsix --config-settings=a=b\n"},
			[]string{"requirements.txt:4 six"},
			nil,
		},
		{
			"UTF-16, as PowerShell writes it",
			map[string]string{"requirements.txt": "\xff\xfes\x00i\x00x\x00\r\x00\n\x00-\x00r\x00 \x00a\x00", "a": "\xfe\xff\x00s\x00e\x00v\x00e\x00n"},
			[]string{"requirements.txt:1 six", "a:1 seven"},
			nil,
		},
		{
			"the address of a wheel alone",
			map[string]string{"requirements.txt": "https://example.com/w/Six_Pack-1.16.0-py3-none-any.whl#sha256=0 ; python_version < '4'\n"},
			[]string{`requirements.txt:1 six-pack @ https://example.com/w/Six_Pack-1.16.0-py3-none-any.whl#sha256=0 ; python_version < "4"`},
			nil,
		},
		{
			"every requirement has its hash",
			map[string]string{"requirements.txt": "--require-hashes\nsix==1 --hash=" + hashA + "\n"},
			[]string{"requirements.txt:2 six==1 " + hashA},
			nil,
		},
	} {
		t.Run(c.name, c.check)
	}
}

func TestReadRequirementsFileNested(t *testing.T) {
	t.Parallel()
	for _, c := range []filesCase{
		{
			"nested files, each relative to its own folder",
			map[string]string{
				"requirements.txt":   "-r sub/base.txt\n-c constraints.txt\n--requirement=\"sub/with space.txt\"\nflask\n",
				"sub/base.txt":       "-r../other.txt\nboto3\n",
				"sub/with space.txt": "six\n",
				"other.txt":          "--constraint sub/limits.txt\nclick\n",
				"sub/limits.txt":     "werkzeug<3\n",
				"constraints.txt":    "urllib3<2\n-r extra.txt\n",
				"extra.txt":          "certifi\n",
			},
			[]string{
				"other.txt:2 click", "sub/base.txt:2 boto3", "extra.txt:1 certifi",
				"sub/with space.txt:1 six", "requirements.txt:4 flask",
			},
			[]string{"sub/limits.txt:1 werkzeug<3", "constraints.txt:1 urllib3<2"},
		},
		{
			"a file named twice counts once in each role",
			map[string]string{"requirements.txt": "-r a.txt\n-r a.txt\n-c a.txt\n", "a.txt": "six\n"},
			[]string{"a.txt:1 six"},
			[]string{"a.txt:1 six"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

func TestReadRequirementsFileSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a @ https://u:secret@example.com/a b":                                 `parsing "a @ https://(hidden)@example.com/a b": expected a semicolon or the end, at "b"`,
		"a @ https://u:${X}secret@example.com":                                 `parsing "a @ https://(hidden)@example.com": the environment variable X is not set`,
		"six\n-i https://u:secret@example.com/simple":                          `requirements.txt:2: parsing "-i https://(hidden)@example.com/simple": write the address without user and password, and these into netrc: another machine builds from the lock, which has neither`,
		"-i https://example.com/simple--extra-index-url=https://u:secret@host": `parsing "-i https://example.com/simple--extra-index-url=https://(hidden)@host": write the address without user and password`,
		"-f https://example.com/wheels?from=https://u@host":                    "write the address without user and password",
		"-f s3://u:secret@bucket/wheels":                                       `parsing "-f s3://(hidden)@bucket/wheels": expected a folder with wheels, or an address that starts with https://, after --find-links`,
		"--index-url wheels":                                                   "expected an address that starts with https:// after --index-url: a folder with wheels is named by --find-links",
		"--extra-index-url":                                                    "expected an address after --extra-index-url",
		"-e .":                                                                 "an editable checkout cannot go into a layer",
		"-e./src":                                                              "an editable checkout cannot go into a layer",
		"--no-binary :all:":                                                    "nothing is built from source",
		"--all-releases six":                                                   "pre-releases of single distributions are not chosen",
		"--uploaded-prior-to x":                                                "expected a date or a moment",
		"--frobnicate":                                                         "this option is not known in a requirements file",
		"-":                                                                    "this option is not known in a requirements file",
		"-r":                                                                   "expected a file after --requirement",
		"-r https://example.com/r.txt":                                         "read from disk only",
		"--hash=" + hashA:                                                      "belongs behind a requirement",
		"./local":                                                              "a path is not a requirement",
		"dist/six-1.16.0-py3-none-any.whl":                                     "a path is not a requirement",
		"six-1.16.0-py3-none-any.whl":                                          "a file is not a requirement",
		"https://example.com/six.whl":                                          "a URL alone is not a requirement",
		"git+https://example.com/six.git":                                      "nothing is built from source: make its wheel once with pip wheel --no-deps git+https://example.com/six.git",
		"six==${VERSION}":                                                      "the environment variable VERSION is not set",
		"six --hash=md5:00":                                                    "expected --hash=sha256:<hex>",
		"six --hash=sha256:zz":                                                 "expected --hash=sha256:<hex>",
		"six --index-url=https://example.com":                                  "this option does not go behind a requirement",
		"six=1":                                                                `requirements.txt:1: parsing "six=1": a single = is not an operator: write ==, at "=1"`,
		"--require-hashes\nsix==1":                                             `requirements.txt:2: parsing "six==1": --require-hashes is set, and this requirement has no --hash`,
	} {
		_, err := ReadRequirementsFile(writeFiles(t, map[string]string{"requirements.txt": text}, "requirements.txt"), noVariables)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(syntax.Error(), want) {
			t.Errorf("reading %q: error %v, want a *SyntaxError with %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("reading %q: the error shows a password: %v", text, err)
		}
	}
}

func TestReadRequirementsFileSources(t *testing.T) {
	t.Parallel()
	name := writeFiles(t, map[string]string{
		"requirements.txt":  "-i https://first.example/simple\n--extra-index-url https://gone.example/simple\n-r sub/more.txt\n--extra-index-url=https://extra.example/simple\n--no-index\n",
		"sub/more.txt":      "--index-url https://second.example/simple\n-f wheels\n--find-links=absent/wheels\n-f https://links.example/all.html\n-ffile:///srv/wheels\nsix\n",
		"sub/wheels/README": "",
	}, "requirements.txt")
	read, err := ReadRequirementsFile(name, noVariables)
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.ToSlash(filepath.Join(filepath.Dir(name), "sub", "wheels"))
	if want := []string{beside, "absent/wheels", "https://links.example/all.html", "/srv/wheels"}; !slices.Equal(read.FindLinks, want) {
		t.Errorf("FindLinks = %q, want %q", read.FindLinks, want)
	}
	if read.IndexURL != "https://second.example/simple" || !slices.Equal(read.ExtraURLs, []string{"https://extra.example/simple"}) || !read.NoIndex {
		t.Errorf("the indexes are %q and %q, none %t", read.IndexURL, read.ExtraURLs, read.NoIndex)
	}
}

func TestReadRequirementsFileFollowsErrorsInward(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{
			"syntax", map[string]string{"requirements.txt": "-r sub/a.txt", "sub/a.txt": "six\n\nsix=1\n"},
			`sub/a.txt:3: parsing "six=1": a single = is not an operator: write ==, at "=1"`,
		},
		{
			"absent", map[string]string{"requirements.txt": "six\n-r sub/a.txt", "sub/a.txt": "-c b.txt"},
			`requirements.txt:2: sub/a.txt:1: reading requirements file "sub/b.txt": `,
		},
		{
			"cycle", map[string]string{"requirements.txt": "-r a.txt", "a.txt": "-r requirements.txt"},
			`requirements.txt:1: a.txt:1: reading requirements file "requirements.txt": it includes itself`,
		},
		{
			"Latin-1", map[string]string{"requirements.txt": "# -*- coding: latin-1 -*-\n# caf\xe9\nsix\n"},
			`reading requirements file "requirements.txt": it is not UTF-8: save it as UTF-8`,
		},
		{
			"extras of a constraint", map[string]string{"requirements.txt": "-c c.txt", "c.txt": "a[b]<2"},
			`c.txt:1: parsing "a[b]<2": a constraint names no extras: ask for them in a requirement`,
		},
	} {
		_, err := ReadRequirementsFile(writeFiles(t, c.files, "requirements.txt"), noVariables)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	_, err := ReadRequirementsFile(filepath.Join(t.TempDir(), "requirements.txt"), noVariables)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: error %v, want fs.ErrNotExist", err)
	}
}

func TestParseInput(t *testing.T) {
	t.Parallel()
	input, err := ParseInput(" six==1.16.0 --hash="+hashA, "python.requirements[0]")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show([]Input{input})[0], "python.requirements[0] six==1.16.0 "+hashA; got != want {
		t.Errorf("ParseInput reads %q, want %q", got, want)
	}
	for text, want := range map[string]string{
		"-r base.txt": `python.requirements[0]: parsing "-r base.txt": expected a requirement, not an option: options belong into a file for python.requirements_file`,
		"six=1":       `python.requirements[0]: parsing "six=1": a single = is not an operator: write ==, at "=1"`,
	} {
		if _, err := ParseInput(text, "python.requirements[0]"); err == nil || err.Error() != want {
			t.Errorf("ParseInput(%q) error = %v, want %q", text, err, want)
		}
	}
}

// TestReadRequirementsFileExpands replaces variables as pip does. What they hold
// is in no error, and in no address that is kept.
func TestReadRequirementsFileExpands(t *testing.T) {
	t.Parallel()
	getenv := func(name string) string {
		return map[string]string{"TOKEN": "hunter2", "VERSION": "1.0", "DAY": "2026-01-31"}[name]
	}
	text := "--index-url https://u:${TOKEN}@a.example/simple\n--extra-index-url https://${TOKEN}@b.example/simple\n-f https://x:${TOKEN}@c.example/links\n" +
		"six==${VERSION}\nidna # ${none}\n--uploaded-prior-to ${DAY}\n--pre\n--trusted-host a.example --no-binary :none:\n"
	got, err := ReadRequirementsFile(writeFiles(t, map[string]string{"requirements.txt": text}, "requirements.txt"), getenv)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://a.example/simple", "https://b.example/simple", "https://c.example/links", "six==1.0", "idna", "2026-01-31", "true"}
	found := append([]string{got.IndexURL}, got.ExtraURLs...)
	found = append(found, got.FindLinks...)
	for _, in := range got.Requirements {
		found = append(found, in.Requirement.String())
	}
	found = append(found, got.ExcludeNewer.Format(time.DateOnly), strconv.FormatBool(got.Prerelease))
	if !slices.Equal(found, want) {
		t.Errorf("got %q, want %q", found, want)
	}
	if want := []string{"https://u:hunter2@a.example/simple", "https://hunter2@b.example/simple", "https://x:hunter2@c.example/links"}; !slices.Equal(got.Accounts, want) {
		t.Errorf("accounts %q, want %q", got.Accounts, want)
	}
	for _, line := range []string{"six==${TOKEN}!", "--frobnicate ${TOKEN}", "a @ git+https://${TOKEN}@example.com/a b"} {
		_, err := ReadRequirementsFile(writeFiles(t, map[string]string{"requirements.txt": line}, "requirements.txt"), getenv)
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "TOKEN") && !strings.Contains(err.Error(), "(hidden)") {
			t.Errorf("reading %q: %v", line, err)
		}
	}
}

// TestReadRequirementsFileTellsAllFaults names every line that is wrong, and what
// a file is that holds no requirements.
func TestReadRequirementsFileTellsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := ReadRequirementsFile(writeFiles(t, map[string]string{"requirements.txt": "-e .\nsix=1\nidna\n-r more.txt\n./x\n", "more.txt": "a b\n"}, "requirements.txt"), noVariables)
	want := []string{"requirements.txt:1: ", "requirements.txt:2: ", "more.txt:1: ", "requirements.txt:5: "}
	var got []string
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			got = append(got, line[:min(len(line), strings.Index(line, ": ")+2)])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, want := range map[string]string{
		"pyproject.toml": "it describes a project and holds no list of requirements: run uv lock and name the uv.lock that this writes in python.lock_file", "uv.lock": "it is a lock file: name it in python.lock_file",
		"Pipfile": "name its Pipfile.lock in python.lock_file", "environment.yml": "it describes an environment of conda", "setup.py": "it describes a project of setuptools",
	} {
		_, err := ReadRequirementsFile(writeFiles(t, map[string]string{name: "x"}, name), noVariables)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestDevicesAreNoRequirements: a device may never end, and reading a pipe may
// never begin.
func TestDevicesAreNoRequirements(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"-r " + os.DevNull + "\n", "-c " + os.DevNull + "\n"} {
		_, err := ReadRequirementsFile(writeFiles(t, map[string]string{"requirements.txt": text}, "requirements.txt"), noVariables)
		if err == nil || !strings.Contains(err.Error(), "it is not a regular file") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
