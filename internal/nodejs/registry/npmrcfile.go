package registry

import (
	"encoding/json"
	"regexp"
	"strings"
)

// variables are those of the environment.
type variables struct {
	all map[string]string
	npm map[string]string // npm_config_…, by the setting's name
}

func environment(environ []string) variables {
	v := variables{map[string]string{}, map[string]string{}}
	for _, pair := range environ {
		key, value, _ := strings.Cut(pair, "=")
		v.all[key] = value
		const prefix = "npm_config_"
		if len(key) <= len(prefix) || !strings.EqualFold(key[:len(prefix)], prefix) || value == "" {
			continue
		}
		if key = key[len(prefix):]; !strings.HasPrefix(key, "//") {
			key = strings.ToLower(key[:1] + strings.ReplaceAll(key[1:], "_", "-"))
		}
		v.npm[key] = value
	}
	return v
}

// home is the user's home directory, "" where the environment names none.
func (v variables) home() string {
	if home := v.all["HOME"]; home != "" {
		return home
	}
	return v.all["USERPROFILE"]
}

// parseNpmrc reads the lines of a .npmrc: "key = value", comments after ";" and
// "#", quotes, and ${VARIABLE} in both. Sections mean nothing to npm.
func parseNpmrc(text string, env map[string]string) map[string]string {
	settings := map[string]string{}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			break // keys below a section are not settings
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			value = "true"
		}
		settings[expand(unquote(key), env)] = expand(unquote(value), env)
	}
	return settings
}

// unquote takes off quotes, or else a comment and the backslashes before what
// would begin one.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'') {
		var inner any
		if s[0] == '\'' {
			s = s[1 : len(s)-1]
		}
		if json.Unmarshal([]byte(s), &inner) == nil {
			if plain, ok := inner.(string); ok {
				return plain
			}
		}
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ';' || c == '#':
			return strings.TrimSpace(b.String())
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\;#`, s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}

var variable = regexp.MustCompile(`(\\*)\$\{([^${}?]+)(\?)?\}`)

// expand replaces ${NAME}, which stays where there is no such variable, and
// ${NAME?}, which goes then. A backslash before it protects it.
func expand(s string, env map[string]string) string {
	return variable.ReplaceAllStringFunc(s, func(match string) string {
		m := variable.FindStringSubmatch(match)
		backslashes, name, optional := m[1], m[2], m[3] != ""
		if len(backslashes)%2 == 1 {
			return match[(len(backslashes)+1)/2:]
		}
		value, set := env[name]
		if !set && !optional {
			value = "${" + name + "}"
		}
		return backslashes[:len(backslashes)/2] + value
	})
}
