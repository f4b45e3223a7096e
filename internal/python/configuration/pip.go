package configuration

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// readPipConfiguration returns the index settings of pip's files; a later file
// overrides an earlier one, and the section install overrides global. As pip
// does, it passes over files that cannot be read.
func readPipConfiguration(getenv func(string) string) map[string]string {
	settings := map[string]string{}
	for _, name := range pipConfigurationFiles(getenv, runtime.GOOS) {
		text, err := filetree.ReadDocument(name)
		if err != nil {
			continue
		}
		sections := parsePipConfiguration(string(text))
		for _, section := range []string{"global", "install"} {
			maps.Copy(settings, sections[section])
		}
	}
	return settings
}

// pipConfigurationFiles lists the files that pip would read on a system, the strongest
// last. PIP_CONFIG_FILE set to the null device reads none; where it names what exists,
// that takes the place of the user's files.
func pipConfigurationFiles(getenv func(string) string, system string) []string {
	own := getenv("PIP_CONFIG_FILE")
	if own == os.DevNull {
		return nil
	}
	files := pipSystemFiles(getenv, system)
	if own == "" {
		return append(files, pipUserFiles(getenv, system)...)
	}
	if _, err := os.Stat(own); err != nil {
		files = append(files, pipUserFiles(getenv, system)...)
	}
	return append(files, own)
}

// pipSystemFiles lists the files for all users.
func pipSystemFiles(getenv func(string) string, system string) []string {
	if system == "windows" {
		return below(getenv("ProgramData"), "pip", "pip.ini")
	}
	if system == "darwin" {
		return []string{"/Library/Application Support/pip/pip.conf"}
	}
	var files []string
	for _, dir := range filepath.SplitList(firstSet(getenv("XDG_CONFIG_DIRS"), "/etc/xdg")) {
		files = append(files, below(dir, "pip", "pip.conf")...)
	}
	return append(files, "/etc/pip.conf")
}

// pipUserFiles lists the files of the user.
func pipUserFiles(getenv func(string) string, system string) []string {
	if system == "windows" {
		return append(below(getenv("USERPROFILE"), "pip", "pip.ini"), below(getenv("APPDATA"), "pip", "pip.ini")...)
	}
	home := getenv("HOME")
	if home == "" {
		return nil
	}
	config := filepath.Join(firstSet(getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config")), "pip")
	if system == "darwin" {
		config = filepath.Join(home, ".config", "pip")
		support := filepath.Join(home, "Library", "Application Support", "pip")
		if info, err := os.Stat(support); err == nil && info.IsDir() {
			config = support
		}
	}
	return append(below(home, ".pip", "pip.conf"), below(config, "pip.conf")...)
}

// below returns the path of a file below a folder that a variable names; none where the
// variable is not set.
func below(dir string, parts ...string) []string {
	if dir == "" {
		return nil
	}
	return []string{filepath.Join(append([]string{dir}, parts...)...)}
}

// parsePipConfiguration reads the INI form that pip writes: sections, keys with
// = or :, comments, and values that go on in indented lines.
func parsePipConfiguration(text string) map[string]map[string]string {
	sections := map[string]map[string]string{}
	section, key := "", ""
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		case trimmed[0] == '[' && strings.HasSuffix(trimmed, "]"):
			section, key = strings.ToLower(strings.TrimSpace(trimmed[1:len(trimmed)-1])), ""
			if sections[section] == nil {
				sections[section] = map[string]string{}
			}
		case (line[0] == ' ' || line[0] == '\t') && key != "":
			sections[section][key] = strings.TrimSpace(sections[section][key] + " " + trimmed)
		case sections[section] != nil:
			at := strings.IndexAny(trimmed, "=:")
			if at < 0 {
				key = ""
				continue
			}
			key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(trimmed[:at])), "_", "-")
			sections[section][key] = strings.TrimSpace(trimmed[at+1:])
		}
	}
	return sections
}
