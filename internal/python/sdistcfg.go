package python

import (
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/setuppy"
)

// Options of setup.cfg by what they hold, under the names of the arguments of
// setup() that they stand for ("Declarative configuration" in the guide of
// setuptools).
var (
	cfgTexts = strings.Fields("author author_email maintainer maintainer_email url download_url description long_description long_description_content_type license version name python_requires")
	cfgLists = strings.Fields("platforms keywords classifiers license_files scripts packages py_modules")
	cfgLines = strings.Fields("install_requires setup_requires tests_require") // separated by semicolons on one line
	cfgDicts = strings.Fields("project_urls package_dir")
	cfgFlags = strings.Fields("zip_safe include_package_data")
	// cfgNames are other names of options.
	cfgNames = map[string]string{"home_page": "url", "summary": "description", "classifier": "classifiers", "platform": "platforms"}
)

// declared reads the sections [metadata] and [options…] as arguments of setup().
func (s *sdist) declared(sections []cfgSection) (*setuppy.Dict, error) {
	out := &setuppy.Dict{}
	for _, section := range sections {
		if section.name != "metadata" && section.name != "options" {
			continue
		}
		for _, option := range section.options {
			key := strings.ReplaceAll(option[0], "-", "_")
			if other, ok := cfgNames[key]; ok {
				key = other
			}
			if _, idle := harmless["metadata."+key]; idle || key == "license_file" || key == "test_suite" {
				continue
			}
			v, err := s.cfgValue(key, option[1], sections)
			if err != nil {
				return nil, err
			}
			out.Set(key, v)
		}
	}
	return out, s.tables(sections, out)
}

func (s *sdist) cfgValue(key, value string, sections []cfgSection) (any, error) {
	switch {
	case key == "packages" && (value == "find:" || value == "find_namespace:"):
		return s.cfgPackages(value, sections)
	case key == "classifiers" && strings.HasPrefix(value, "file:"), slices.Contains(cfgTexts, key):
		text, err := s.cfgText(key, value)
		if key == "classifiers" && err == nil {
			return textList(cfgList(text)), nil
		}
		return text, err
	case slices.Contains(cfgLists, key):
		return textList(cfgList(value)), nil
	case slices.Contains(cfgLines, key):
		return textList(cfgRequirements(value)), nil
	case slices.Contains(cfgFlags, key):
		lower := strings.ToLower(value)
		return lower == "1" || lower == "true" || lower == "yes", nil
	case slices.Contains(cfgDicts, key):
		d := &setuppy.Dict{}
		for _, line := range cfgList(value) {
			name, v, ok := strings.Cut(line, "=")
			if !ok {
				return nil, s.refuse("its setup.cfg has the line %q in %s", line, key)
			}
			d.Set(strings.TrimSpace(name), strings.TrimSpace(v))
		}
		return d, nil
	}
	return nil, s.refuse("its setup.cfg sets %s", key)
}

// cfgText resolves the directives of texts.
func (s *sdist) cfgText(key, value string) (string, error) {
	names, isFile := strings.CutPrefix(value, "file:")
	switch {
	case strings.HasPrefix(value, "attr:") && key == "version":
		// An installer takes no wheel of another version than the name's.
		return s.version.String(), nil
	case strings.HasPrefix(value, "attr:") || isFile && key == "license":
		return "", s.refuse("its setup.cfg takes %s from %q", key, value)
	case !isFile:
		return value, nil
	}
	var parts []string
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		body, ok := s.files[name]
		if !ok {
			return "", s.refuse("its setup.cfg takes %s from %q, which it does not hold", key, name)
		}
		text, ok := setuppy.Text(body)
		if !ok {
			return "", s.refuse("it holds %q, which is not in UTF-8", name)
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, "\n")
	if key == "version" {
		text = strings.TrimSpace(text)
	}
	return text, nil
}

func (s *sdist) cfgPackages(directive string, sections []cfgSection) (any, error) {
	if directive != "find:" {
		return nil, s.refuse("its setup.cfg looks for packages by %s, which takes folders of every kind for packages", directive)
	}
	where, include, exclude := "", []string{"*"}, []string{}
	for _, section := range sections {
		if section.name != "options.packages.find" {
			continue
		}
		for _, option := range section.options {
			switch items := cfgList(option[1]); option[0] {
			case "where":
				where = strings.Trim(option[1], "./")
			case "include":
				include = items
			case "exclude":
				exclude = items
			default:
				return nil, s.refuse("its setup.cfg sets %s in [%s]", option[0], section.name)
			}
		}
	}
	return textList(setuppy.FindPackages(s, where, include, exclude)), nil
}

// tables reads the sections whose options have names of the project's choice.
func (s *sdist) tables(sections []cfgSection, out *setuppy.Dict) error {
	for _, section := range sections {
		argument, ok := strings.CutPrefix(section.name, "options.")
		if !ok || argument == "packages.find" {
			continue
		}
		d := &setuppy.Dict{}
		var pairs setuppy.List
		for _, option := range section.options {
			name := option[0]
			switch argument {
			case "package_data", "exclude_package_data":
				if name == "*" {
					name = ""
				}
				d.Set(name, textList(cfgList(option[1])))
			case "extras_require":
				d.Set(name, textList(cfgRequirements(option[1])))
			case "entry_points":
				d.Set(name, option[1])
			case "data_files":
				pairs = append(pairs, setuppy.Tuple{name, textList(cfgList(option[1]))})
			default:
				return s.refuse("its setup.cfg has the section [%s]", section.name)
			}
		}
		if argument == "data_files" {
			out.Set(argument, pairs)
		} else {
			out.Set(argument, d)
		}
	}
	return nil
}

// cfgRequirements splits requirements: by lines where there are several, else
// by semicolons, as setuptools does. Comments are left out.
func cfgRequirements(value string) []string {
	if !strings.Contains(value, "\n") {
		value = strings.ReplaceAll(value, ";", "\n")
	}
	lines := strings.Split(value, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return slices.DeleteFunc(lines, func(l string) bool { return l == "" || l[0] == '#' })
}

func textList(items []string) setuppy.List {
	out := make(setuppy.List, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}
