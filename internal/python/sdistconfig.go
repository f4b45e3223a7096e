package python

import (
	"bufio"
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/setuppy"
)

// setuptoolsVersion is the release of setuptools whose wheels are made: what
// its predecessors wrote of METADATA and of licences was another.
const setuptoolsVersion = "84.2.1"

// sdistConfig is what the files beside setup.py say of the build.
type sdistConfig struct {
	ownImports   bool     // setup.py can import modules beside it
	licenseFiles []string // patterns
	hasLicense   bool     // licenseFiles are given
	declared     *setuppy.Dict
}

// config reads pyproject.toml and setup.cfg, and refuses what would change the
// build in a way that is not known here.
func (s *sdist) config() (sdistConfig, error) {
	c := sdistConfig{ownImports: true}
	if err := s.checkProject(&c); err != nil {
		return c, err
	}
	sections, err := s.setupCfg()
	if err != nil {
		return c, err
	}
	for _, section := range sections {
		if err := s.checkSection(section, &c); err != nil {
			return c, err
		}
	}
	c.declared, err = s.declared(sections)
	return c, err
}

// pyproject is what matters of a pyproject.toml here.
type pyproject struct {
	BuildSystem *struct {
		Requires    []string `toml:"requires"`
		Backend     string   `toml:"build-backend"`
		BackendPath []string `toml:"backend-path"`
	} `toml:"build-system"`
	Project map[string]any `toml:"project"`
	Tool    map[string]any `toml:"tool"`
}

func (s *sdist) checkProject(c *sdistConfig) error {
	body, ok := s.files["pyproject.toml"]
	if !ok {
		return nil
	}
	var p pyproject
	if err := toml.Unmarshal(body, &p); err != nil {
		return s.refuse("its pyproject.toml cannot be read: %v", err)
	}
	if p.Project != nil {
		return s.refuse("it is described in [project] of pyproject.toml, and only setup.py files are read; such projects publish wheels as a rule")
	}
	for tool := range p.Tool {
		if strings.HasPrefix(tool, "setuptools") || tool == "distutils" {
			return s.refuse("its pyproject.toml has a section [tool.%s]", tool)
		}
	}
	b := p.BuildSystem
	switch {
	case b == nil:
		return nil
	case b.Backend != "" && b.Backend != "setuptools.build_meta" && b.Backend != "setuptools.build_meta:__legacy__" || len(b.BackendPath) > 0:
		return s.refuse("its build backend is %s", b.Backend)
	}
	c.ownImports = b.Backend != "setuptools.build_meta"
	release, err := pep440.Parse(setuptoolsVersion)
	if err != nil {
		return err
	}
	for _, text := range b.Requires {
		r, err := ParseRequirement(text)
		switch {
		case err != nil || r.Name != "setuptools" && r.Name != "wheel":
			return s.refuse("its build needs %q", text)
		case r.Name == "setuptools" && !r.Specifiers.Match(release):
			return s.refuse("its build needs %q, and wheels are made here as setuptools %s makes them", text, setuptoolsVersion)
		}
	}
	return nil
}

// cfgSection is a section of setup.cfg.
type cfgSection struct {
	name    string
	options [][2]string // names as written, values without white space at the ends
}

// setupCfg reads setup.cfg as Python's configparser does.
func (s *sdist) setupCfg() ([]cfgSection, error) {
	var sections []cfgSection
	lines := bufio.NewScanner(bytes.NewReader(s.files["setup.cfg"]))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
			continue
		}
		last := len(sections) - 1
		switch {
		case strings.TrimLeft(line, " \t") != line && last >= 0 && len(sections[last].options) > 0:
			option := &sections[last].options[len(sections[last].options)-1]
			option[1] += "\n" + trimmed
		case trimmed[0] == '[' && strings.Contains(trimmed, "]"):
			sections = append(sections, cfgSection{name: trimmed[1:strings.LastIndexByte(trimmed, ']')]})
		default:
			at := strings.IndexAny(trimmed, "=:")
			if at < 0 || last < 0 {
				return nil, s.refuse("its setup.cfg has the line %q", trimmed)
			}
			option := [2]string{strings.TrimSpace(trimmed[:at]), strings.TrimSpace(trimmed[at+1:])}
			sections[last].options = append(sections[last].options, option)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, s.refuse("its setup.cfg cannot be read: %v", err)
	}
	return sections, nil
}

// buildSections are the sections of setup.cfg, or how their names begin, that
// change what a wheel holds.
var buildSections = []string{"build", "install", "global", "files", "bdist", "dist_info", "egg_info", "wheel", "backwards_compat", "pbr", "extract_messages"}

// harmless are options that are known to change nothing here, as
// "section.option", with the values that they may have; none: all.
var harmless = map[string][]string{
	"egg_info.tag_build":        {""},
	"egg_info.tag_date":         {"0", "false", "False", ""},
	"egg_info.tag_svn_revision": {"0", "false", "False", ""},
	// It names the Pythons in the tag, which every target's Python fits.
	"bdist_wheel.universal": {"0", "1", "true", "True"},
	"wheel.universal":       {"0", "1", "true", "True"},
	// setuptools knows no such keys and says nothing.
	"metadata.description_file": nil,
}

func (s *sdist) checkSection(section cfgSection, c *sdistConfig) error {
	for _, option := range section.options {
		// Python's configparser resolves references in every section.
		if strings.Contains(option[1], "%") {
			return s.refuse("its setup.cfg has a %% in %s", option[0])
		}
	}
	declares := section.name == "metadata" || strings.HasPrefix(section.name, "options")
	relevant := declares || slices.ContainsFunc(buildSections, func(prefix string) bool { return strings.HasPrefix(section.name, prefix) })
	if section.name == "bdist_rpm" || !relevant {
		return nil
	}
	for _, option := range section.options {
		key, value := strings.ReplaceAll(option[0], "-", "_"), option[1]
		if section.name == "metadata" && (key == "license_file" || key == "license_files") {
			c.hasLicense = true
			c.licenseFiles = append(c.licenseFiles, cfgList(value)...)
			continue
		}
		if declares {
			continue
		}
		values, known := harmless[section.name+"."+key]
		if !known || values != nil && !slices.Contains(values, value) {
			return s.refuse("its setup.cfg sets %s in [%s]", option[0], section.name)
		}
	}
	return nil
}

// cfgList splits a list: by lines where it has several, else by commas.
func cfgList(value string) []string {
	separator := ","
	if strings.Contains(value, "\n") {
		separator = "\n"
	}
	var out []string
	for item := range strings.SplitSeq(value, separator) {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
