package wheel

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// CheckInside compares a wheel's own METADATA and the names of its .dist-info folders
// with its file name. A wheel that was renamed is another distribution or version than
// the lock says; pip and uv refuse it as well. Of a folder the name alone is compared,
// as they do. It and all else that both refuse to install is a *BrokenWheel.
func CheckInside(w Wheel, files filetree.Tree) error {
	name, err := ParseWheelName(w.Filename)
	if err != nil {
		return nil //nolint:nilerr // it is no wheel: see FromSource
	}
	var info string
	own := map[string][]byte{} // what the .dist-info folder must have
	for _, f := range files {
		folder, rest, _ := strings.Cut(f.Path, "/")
		if says, ok := strings.CutSuffix(folder, ".dist-info"); ok {
			if of, version, _ := strings.Cut(says, "-"); pep508.NormalizeName(of) != name.Name && !strings.HasPrefix(pep508.NormalizeName(says), name.Name+"-") {
				return w.other(of, version)
			}
			if info != "" && info != folder {
				return w.broken("it has the folders %q and %q, and a wheel has one of them", info, folder)
			}
			info = folder
		}
		switch {
		case info != folder || !slices.Contains(required, rest):
			if err := w.checkData(folder, rest); err != nil {
				return err
			}
		case rest == "RECORD":
			own[rest] = nil // that it is there counts: installers write it anew
		default:
			if own[rest], err = f.ReadContent(); err != nil {
				return fmt.Errorf("reading wheel %q: %w", w.Filename, err)
			}
		}
	}
	for _, file := range required {
		if _, ok := own[file]; !ok {
			return w.broken("it has no %s in its .dist-info folder", file)
		}
	}
	// A faulty requirement is no matter here: what it needs was chosen before.
	if m, _ := ParseMetadata(own["METADATA"]); m.Name != "" && m.Version != "" && !m.Is(name.Name, name.Version) {
		return w.other(m.Name, m.Version)
	}
	return w.checkForm(own["WHEEL"])
}

// required are the files of a .dist-info folder without which no installer takes a
// wheel ("Binary distribution format", "Recording installed projects").
var required = []string{"METADATA", "WHEEL", "RECORD"}

// A Wheel-Version: later minor ones can be read, as pip and uv do.
var wheelVersion = regexp.MustCompile(`^[01](\.[0-9]+)*$`)

// checkForm reads the WHEEL file.
func (w Wheel) checkForm(body []byte) error {
	for name, value := range fields(body) {
		if !strings.EqualFold(name, "Wheel-Version") {
			continue
		}
		if value = strings.TrimSpace(value); !wheelVersion.MatchString(value) {
			return w.broken("its Wheel-Version is %q, and 1.0 is the one that installers can read", value)
		}
		return nil
	}
	return w.broken("its WHEEL file has no Wheel-Version")
}

// schemes are the folders that a .data folder may have.
var schemes = []string{"purelib", "platlib", "data", "scripts", "headers"}

// checkData refuses what has no place to go: pip and uv stop there, and to leave it out
// without a word would be worse.
func (w Wheel) checkData(folder, rest string) error {
	if !strings.HasSuffix(folder, ".data") || rest == "" {
		return nil
	}
	if scheme, _, _ := strings.Cut(rest, "/"); !slices.Contains(schemes, scheme) {
		return w.broken("%q is in none of the folders that %q may have: %s", folder+"/"+rest, folder, List(schemes))
	}
	return nil
}

func (w Wheel) other(name, version string) error {
	return w.broken("it holds %s %s by its own metadata: it was renamed, or made wrongly", name, version)
}

func (w Wheel) broken(form string, args ...any) error {
	return &BrokenWheel{Filename: w.Filename, Name: w.Name, Version: w.Version, Reason: fmt.Sprintf(form, args...)}
}
