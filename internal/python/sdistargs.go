package python

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/setuppy"
)

// setupArgs are the arguments of setup() as setuptools takes them. The first
// fault is kept in err, and every later answer is empty.
type setupArgs struct {
	*setuppy.Dict
	s      *sdist
	static map[string]bool // arguments that setup.cfg gives
	err    error
}

// Arguments of setup() that are read, and those that a wheel does not depend
// on. Any other is a reason to refuse.
var (
	readArgs = strings.Fields(`name version packages py_modules package_dir package_data exclude_package_data include_package_data
		data_files scripts install_requires extras_require python_requires entry_points setup_requires namespace_packages
		description long_description long_description_content_type url download_url project_urls author author_email
		maintainer maintainer_email license license_file license_files keywords platforms classifiers zip_safe`)
	idleArgs = strings.Fields("test_suite tests_require test_loader bugtrack_url")
)

// merge adds what setup.cfg declares and setup() does not say.
func (a *setupArgs) merge(declared *setuppy.Dict) {
	a.static = map[string]bool{}
	for _, key := range declared.Keys() {
		had, _ := a.Get(key)
		text, isText := had.(string)
		if had == nil || had == false || isText && text == "" || length(had) == 0 {
			v, _ := declared.Get(key)
			a.Set(key, v)
			a.static[key] = true
		}
	}
}

// check refuses arguments that are not known. Those without a value are as if
// they were not given.
func (a *setupArgs) check() {
	for _, key := range a.Keys() {
		v, _ := a.Get(key)
		empty := v == nil || v == false || length(v) == 0
		if key == "cmdclass" {
			a.checkCommands()
			continue
		}
		if !slices.Contains(readArgs, key) && !slices.Contains(idleArgs, key) && !empty {
			a.fail("its setup.py passes %s to setup()", key)
		}
	}
}

// checkCommands refuses commands of the project that a build may run.
func (a *setupArgs) checkCommands() {
	for _, name := range a.dict("cmdclass").Keys() {
		if !slices.Contains(otherCommands, name) {
			a.fail("its setup.py has a command %q of its own", name)
		}
	}
}

// otherCommands are names of commands that no build runs.
var otherCommands = strings.Fields("test tests pytest tox lint clean publish upload release tag docs build_docs build_sphinx coverage sdist develop")

// length returns the number of elements, -1 for what has none.
func length(v any) int {
	switch v := v.(type) {
	case setuppy.List:
		return len(v)
	case setuppy.Tuple:
		return len(v)
	case *setuppy.Dict:
		return len(v.Keys())
	}
	return -1
}

func (a *setupArgs) fail(format string, args ...any) {
	if a.err == nil {
		a.err = a.s.refuse(format, args...)
	}
}

// value returns a known value, nil where there is none.
func (a *setupArgs) value(key string) any {
	v, _ := a.Get(key)
	if u, ok := v.(setuppy.Unknown); ok {
		a.fail("its setup.py makes %s depend on %s", key, u.Why)
		return nil
	}
	return v
}

// text returns a text of one line, "" where there is none; given tells the
// two apart.
func (a *setupArgs) text(key string) (value string, given bool) {
	value, given = a.lines(key)
	if strings.ContainsAny(value, "\r\n") {
		a.fail("its setup.py passes a %s of several lines", key)
	}
	return value, given
}

// lines returns a text.
func (a *setupArgs) lines(key string) (string, bool) {
	switch v := a.value(key).(type) {
	case nil:
		return "", false
	case string:
		if setuppy.IsHostPath(v) {
			a.fail("its setup.py makes %s depend on the folder of the build", key)
		}
		return v, true
	}
	a.fail("its setup.py passes a %s that is no text", key)
	return "", false
}

func (a *setupArgs) flag(key string) bool {
	switch v := a.value(key).(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	}
	a.fail("its setup.py passes a %s that is neither True nor False", key)
	return false
}

// list returns the texts of a list or tuple.
func (a *setupArgs) list(key string) []string {
	v := a.value(key)
	if v == nil {
		return nil
	}
	return a.texts(key, v)
}

func (a *setupArgs) texts(key string, v any) []string {
	var items []any
	switch v := v.(type) {
	case setuppy.List:
		items = v
	case setuppy.Tuple:
		items = v
	default:
		a.fail("its setup.py passes a %s that is no list", key)
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		switch item := item.(type) {
		case string:
			if setuppy.IsHostPath(item) {
				a.fail("its setup.py makes %s depend on the folder of the build", key)
			}
			out = append(out, item)
		case setuppy.Unknown:
			a.fail("its setup.py makes %s depend on %s", key, item.Why)
		default:
			a.fail("its setup.py passes a %s that holds more than texts", key)
		}
	}
	return out
}

// words returns a list, or a text as the one or more words that commas
// separate.
func (a *setupArgs) words(key string) []string {
	text, isText := a.value(key).(string)
	if !isText {
		return a.list(key)
	}
	var out []string
	for word := range strings.SplitSeq(text, ",") {
		out = append(out, strings.TrimSpace(word))
	}
	return out
}

// dict returns a dictionary; without one it is empty.
func (a *setupArgs) dict(key string) *setuppy.Dict {
	switch v := a.value(key).(type) {
	case nil:
	case *setuppy.Dict:
		return v
	default:
		a.fail("its setup.py passes a %s that is no dictionary", key)
	}
	return &setuppy.Dict{}
}

// lists returns a dictionary of lists.
func (a *setupArgs) lists(key string) map[string][]string {
	d := a.dict(key)
	out := map[string][]string{}
	for _, k := range d.Keys() {
		v, _ := d.Get(k)
		out[k] = a.texts(fmt.Sprintf("%s[%q]", key, k), v)
	}
	return out
}

// requirements returns the lines of requirements: those of a text, or of the
// texts of a list. Comments are no part of them.
func (a *setupArgs) requirements(key string, v any) []string {
	if v == nil {
		return nil
	}
	texts := []string{}
	if text, ok := v.(string); ok {
		texts = append(texts, text)
	} else {
		texts = a.texts(key, v)
	}
	var out []string
	for _, text := range texts {
		for line := range strings.SplitSeq(text, "\n") {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if strings.HasSuffix(line, "\\") {
				a.fail("its setup.py continues a requirement on the next line")
			}
			out = append(out, line)
		}
	}
	return out
}
