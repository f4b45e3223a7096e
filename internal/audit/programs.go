package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// byPath reports whether a file lies where Lambda runs programs from, or finds
// them on PATH.
func byPath(name string) bool {
	return strings.HasPrefix(name, "bin/") || strings.HasPrefix(name, "extensions/")
}

// programs finds the native programs of the layer.
func (j *judgement) programs() {
	for _, name := range j.native {
		f := j.facts(name)
		if j.silent[name] || f.Kind == native.Archive || f.Type == native.Object {
			continue
		}
		if _, ok := j.roots[name]; ok {
			continue
		}
		program := f.Type == native.Executable && !isLibraryName(name) || f.Kind != native.ELF && !f.Library && j.files.at(name).Exec
		switch {
		case byPath(name) && !isLibraryName(name):
			j.roots[name] = role{weight: needed, fatal: Error}
		case program && base(parent(name)) == "bin":
			j.roots[name] = role{weight: wanted, fatal: Error}
		case program && f.Kind == native.ELF:
			j.roots[name] = role{weight: wanted, fatal: Warning}
		}
	}
}

// executables judges what is to be run.
func (j *judgement) executables() {
	for _, e := range j.runnable {
		f := j.facts(e.Path)
		switch {
		case f == nil || f.Kind == "":
			if byPath(e.Path) {
				j.neither(e.Path)
			}
		case f.Kind == native.Script && (byPath(e.Path) || e.Exec && !j.distributed(e.Path)):
			j.script(e.Path, f)
			fallthrough
		default:
			if !e.Exec && j.isProgram(e.Path, f) {
				j.noRunBit(e.Path)
			}
		}
	}
}

// isProgram reports whether a file is one that is run.
func (j *judgement) isProgram(name string, f *native.Facts) bool {
	if byPath(name) {
		return f.Kind == native.Script || f.Type == native.Executable
	}
	return f.Kind == native.ELF && f.Type == native.Executable && !isLibraryName(name) && !j.silent[name] && j.unfit(f) == ""
}

// documents are names that nobody takes for programs.
var documents = []string{".md", ".txt", ".rst", ".html", ".json", ".yaml", ".yml", ".toml", ".cfg", ".conf"}

// neither names a file among the programs that is none.
func (j *judgement) neither(name string) {
	severity := Warning
	if strings.HasPrefix(base(name), ".") && !strings.HasPrefix(name, "extensions/") {
		return // such as .gitkeep
	}
	if title, _, dotted := strings.Cut(base(name), "."); !dotted && title == strings.ToUpper(title) || strings.HasPrefix(title, "LICEN") || slices.ContainsFunc(documents, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
		severity = Note
	}
	way := "Begin a script with a line such as #!/bin/sh, or put the file elsewhere."
	if strings.HasPrefix(name, "extensions/") {
		way += " Lambda starts every file in extensions/ as an extension."
	}
	j.add(one{
		check: Executables, severity: severity, cause: "neither " + topFolder(name), file: name,
		summary: titled("is not a program"), need: "It is neither an ELF program nor a script that begins with #!, so running it fails with \"Exec format error\".", way: way,
	})
}

// noRunBit names a program that the zip does not mark executable.
func (j *judgement) noRunBit(name string) {
	severity := Warning
	if byPath(name) {
		severity = Error
	}
	j.add(one{
		check: Executables, severity: severity, cause: "run bit", file: name,
		summary: titled("is not executable"), need: "The zip has it without the run bit: running it fails with \"Permission denied\", and /opt cannot be changed by a function.",
		way: fmt.Sprintf("Add it to executables, such as executables = [%q].", name),
	})
}

// script judges the "#!" line of a script.
func (j *judgement) script(name string, f *native.Facts) {
	line := f.Interpreter
	severity := Error
	if !byPath(name) {
		severity = Note
	}
	tell := func(severity Severity, summary, need, has, way string) {
		j.add(one{check: Executables, severity: severity, cause: "interpreter " + line + summary, file: name, target: j.target.String(), summary: titled(summary), need: need, has: has, way: way})
	}
	if strings.HasSuffix(line, "\r") {
		tell(severity, "has a #! line that ends with a carriage return", fmt.Sprintf("Linux looks for an interpreter %q.", line), "", "Save the file with Unix line ends.")
		return
	}
	fields := strings.Fields(line)
	if len(fields) == 0 {
		tell(severity, "has a #! line without an interpreter", "", "", "Write a line such as #!/bin/sh.")
		return
	}
	program := fields[0]
	folder := parent(strings.TrimPrefix(program, "/"))
	switch {
	case !strings.HasPrefix(program, "/"):
		tell(severity, "names an interpreter without its whole path", fmt.Sprintf("Its #! line is %q.", line), "Linux looks for it in the working directory.", fmt.Sprintf("Write #!/usr/bin/env %s.", base(program)))
		return
	case base(program) == "env" && (folder == "usr/bin" || folder == "bin"):
		words, split := envWords(fields[1:])
		if len(words) > 1 && !split {
			all := strings.Join(words, " ")
			tell(severity, "gives env several words, which it takes for one", fmt.Sprintf("Linux hands env all that follows as one word, so that it looks for a program %q.", all), "", fmt.Sprintf("Write #!/usr/bin/env -S %s.", all))
			return
		}
		if split && j.target.Glibc < glibcWithSplit {
			tell(atMostWarning(severity), "uses env -S, which the runtime does not have", fmt.Sprintf("Its #! line is %q.", line), fmt.Sprintf("%s has an older env.", j.target.System), "Write the path of the interpreter, such as #!/var/lang/bin/python3, or start it from a script for /bin/sh.")
		}
		if program = envProgram(words); program == "" {
			return
		}
		folder = ""
	}
	if within, ok := strings.CutPrefix(program, opt); ok {
		if j.files.at(within) == nil {
			tell(Warning, "names an interpreter that is not in this layer", fmt.Sprintf("Its #! line is %q.", line), "", "Bring it into the layer, or attach the layer that has it.")
		}
		return
	}
	switch presence := j.target.Program(base(program)); {
	case folder == "" || folder == "bin" || folder == "usr/bin" || folder == "var/lang/bin":
		if folder == "" && j.files.at("bin/"+program) != nil || presence.Has() && (folder == "" || (folder == "var/lang/bin") != isShell(program)) || presence == runtimes.Unknown {
			return
		}
		if severity == Error && folder != "" && !presence.Lacks() {
			tell(Error, "names an interpreter that is elsewhere on Lambda", fmt.Sprintf("Its #! line is %q.", line), fmt.Sprintf("%s has it in /var/lang/bin.", j.target.ID), fmt.Sprintf("Write #!/usr/bin/env %s.", base(program)))
			return
		}
		if severity == Error {
			severity = Warning
		}
		tell(severity, "names an interpreter that Lambda lacks", fmt.Sprintf("Its #! line is %q.", line), fmt.Sprintf("%s has no %s.", j.target.ID, base(program)), "Bring the interpreter in bin/ of a layer, or write the script for one that the runtime has.")
	default:
		tell(severity, "names an interpreter of another machine", fmt.Sprintf("Its #! line is %q.", line), fmt.Sprintf("Lambda has no /%s.", folder), fmt.Sprintf("Write #!/usr/bin/env %s.", base(program)))
	}
}

func atMostWarning(s Severity) Severity {
	if s == Error {
		return Warning
	}
	return s
}

func isShell(program string) bool {
	return base(program) == "sh" || base(program) == "bash"
}

// glibcWithSplit is the minor version of the glibc of the oldest system whose env has -S
// (coreutils 8.30; Amazon Linux 2 has 8.22).
const glibcWithSplit = 34

// envWords returns what env gets on a #! line, and whether -S makes several words of
// it.
func envWords(words []string) ([]string, bool) {
	if len(words) == 0 {
		return nil, false
	}
	for _, option := range []string{"--split-string=", "--split-string", "-vS", "-S"} {
		if rest, ok := strings.CutPrefix(words[0], option); ok && rest != "" {
			return append([]string{rest}, words[1:]...), true
		} else if ok {
			return words[1:], true
		}
	}
	return words, false
}

// envProgram returns the program that env has to run, or "".
func envProgram(words []string) string {
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "-u" || word == "-C" || word == "--unset" || word == "--chdir":
			i++
		case !strings.HasPrefix(word, "-") && !strings.Contains(word, "="):
			return word
		}
	}
	return ""
}
