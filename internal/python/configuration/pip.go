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
	for _, name := range pipConfigurationFiles(getenv) {
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

// pipConfigurationFiles lists the files that pip would read, the strongest
// last. PIP_CONFIG_FILE set to the null device reads none.
func pipConfigurationFiles(getenv func(string) string) []string {
	own := getenv("PIP_CONFIG_FILE")
	if own == os.DevNull {
		return nil
	}
	var files []string
	if runtime.GOOS == "windows" {
		files = append(files, filepath.Join(getenv("ProgramData"), "pip", "pip.ini"), filepath.Join(getenv("APPDATA"), "pip", "pip.ini"))
	} else {
		home := getenv("HOME")
		config := firstSet(getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
		for _, dir := range filepath.SplitList(firstSet(getenv("XDG_CONFIG_DIRS"), "/etc/xdg")) {
			files = append(files, filepath.Join(dir, "pip", "pip.conf"))
		}
		files = append(files, "/etc/pip.conf")
		if home != "" {
			files = append(files, filepath.Join(home, ".pip", "pip.conf"), filepath.Join(config, "pip", "pip.conf"))
		}
		if runtime.GOOS == "darwin" && home != "" {
			files = append(files, filepath.Join(home, "Library", "Application Support", "pip", "pip.conf"))
		}
	}
	if own != "" {
		files = append(files, own)
	}
	return files
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
