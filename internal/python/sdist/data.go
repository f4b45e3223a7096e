package sdist

import (
	"path"
	"regexp"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// dataRule says which files that are no modules a wheel holds, of those that
// lie below its packages: all that are listed with include_package_data, else
// those that package_data names.
type dataRule struct {
	all   bool
	globs map[string][]string // by package, "" is every one
}

var (
	includes    = regexp.MustCompile(`(?i)\binclude[_-]package[_-]data['"]?\s*[=:]\s*(true|1)\b`)
	excludes    = regexp.MustCompile(`(?i)\binclude[_-]package[_-]data['"]?\s*[=:]\s*(false|0)\b`)
	passesData  = regexp.MustCompile(`\bpackage_data['"]?\s*[=:]`)
	dataLiteral = regexp.MustCompile(`\bpackage_data['"]?\s*[=:]\s*\{([^{}]*)\}`)
	dataEntry   = regexp.MustCompile(`['"]([^'"]*)['"]\s*:\s*[\[(]([^\[\]()]*)[\])]\s*,?`)
	cfgData     = regexp.MustCompile(`(?m)^\[options\.package_data\]\s*\n((?:[^\[\n].*\n?|\s*\n)*)`)
	cfgEntry    = regexp.MustCompile(`(?m)^([^\s=#;][^=\n]*?)\s*=\s*((?:[^\n]*\n?)(?:[ \t]+[^\n]*\n?)*)`)
	projectHead = regexp.MustCompile(`(?m)^\[project\]`)
)

// dataRule reads the rule from setup.py, setup.cfg and pyproject.toml.
func (s *Sdist) dataRule() dataRule {
	setup, cfg, project := string(s.files["setup.py"]), string(s.files["setup.cfg"]), string(s.files["pyproject.toml"])
	d := dataRule{globs: map[string][]string{"": {"*.pyi", "py.typed"}}}
	byDefault := projectHead.MatchString(project) && !excludes.MatchString(project)
	if byDefault || includes.MatchString(setup) || includes.MatchString(cfg) || includes.MatchString(project) || strings.Contains(project, "[tool.setuptools.package-data]") {
		d.all = true
	}
	if section := cfgData.FindStringSubmatch(cfg); section != nil {
		for _, entry := range cfgEntry.FindAllStringSubmatch(section[1], -1) {
			d.name(entry[1], strings.FieldsFunc(entry[2], func(r rune) bool { return r == ',' || r == '\n' }))
		}
	}
	switch entries := dataLiteral.FindStringSubmatch(setup); {
	case !passesData.MatchString(setup):
	case entries == nil || strings.Trim(dataEntry.ReplaceAllString(entries[1], ""), ", \t\r\n") != "":
		d.all = true // what it passes is computed, so that the list is all there is
	default:
		for _, entry := range dataEntry.FindAllStringSubmatch(entries[1], -1) {
			var globs []string
			for _, l := range literals.FindAllStringSubmatch(entry[2], -1) {
				globs = append(globs, l[1])
			}
			if strings.Trim(literals.ReplaceAllString(entry[2], ""), ", \t\r\n") != "" {
				d.all = true
			}
			d.name(entry[1], globs)
		}
	}
	return d
}

func (d *dataRule) name(pkg string, globs []string) {
	if pkg = strings.TrimSpace(pkg); pkg == "*" {
		pkg = ""
	}
	for _, glob := range globs {
		if glob = strings.TrimSpace(glob); glob != "" {
			d.globs[pkg] = append(d.globs[pkg], path.Clean(glob))
		}
	}
}

// holds reports whether a file is data of a package above it. name is its path
// in the wheel; isPackage tells packages by their paths there.
func (d *dataRule) holds(name string, isPackage func(dir string) bool) bool {
	if d.all {
		return true
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if !isPackage(dir) {
			continue
		}
		below := strings.TrimPrefix(name, dir+"/")
		for _, key := range []string{"", strings.ReplaceAll(dir, "/", ".")} {
			for _, glob := range d.globs[key] {
				if filetree.MatchPath(glob, below) {
					return true
				}
			}
		}
	}
	return false
}
