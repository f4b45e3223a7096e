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
	if strings.HasPrefix(base(name), "LICEN") || slices.ContainsFunc(documents, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
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
	if base(program) == "env" && (folder == "usr/bin" || folder == "bin") {
		if program = envProgram(fields[1:]); program == "" {
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

func isShell(program string) bool {
	return base(program) == "sh" || base(program) == "bash"
}

// envProgram returns the program that env has to run, or "".
func envProgram(words []string) string {
	for _, word := range words {
		if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
			return word
		}
	}
	return ""
}
