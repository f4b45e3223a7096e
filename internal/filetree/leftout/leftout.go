// Package leftout knows the files that are never packed, by their names and by their
// content.
package leftout

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// byTool reports whether a name is that of what tools leave in a source tree
// by themselves: it would give every machine other bytes. A __pycache__ also
// names its interpreter and its source's time, and Lambda could never use it.
func byTool(name string) bool {
	return name == ".git" || name == ".DS_Store" || name == "__pycache__"
}

// Own reports whether Terraform, OpenTofu, Terragrunt or this provider write
// files or folders of the name, or read settings from it: they change with
// every plan, and may hold secrets.
func Own(name string) bool {
	switch name {
	case ".terraform", ".terraform.lock.hcl", ".terragrunt-cache", "tfplan", "crash.log", ".terraformrc", "terraform.rc":
		return true
	}
	for _, suffix := range []string{".tfplan", ".tfstate", ".tfstate.backup", ".tfvars", ".tfvars.json", ".tfrc", ".tfrc.json"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return strings.HasPrefix(name, ".layerbuild") || strings.HasPrefix(name, ".layer-") && strings.HasSuffix(name, ".tmp") || // a zip that is being written
		strings.Contains(name, ".tfstate.") && strings.HasSuffix(name, ".backup") || // terraform.tfstate.1733000000.backup
		strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".lock.info") || // of the state's lock
		strings.HasPrefix(name, "crash.") && strings.HasSuffix(name, ".log")
}

// Always reports whether a file or folder of the name is never packed.
func Always(name string) bool { return byTool(name) || Own(name) }

// Reason completes the sentence on a file that is never packed.
const Reason = "is a file of Terraform's own (a state, a plan, values of variables, a log), which may hold secrets and is never packed: give what the code needs of it as content"

// maxState bounds the JSON that is looked into, in bytes.
const maxState = 256 << 20

// OwnContent reports whether a file is a state, a plan, or what "show -json"
// prints of either, by its content: their names are free. start is the beginning
// of the file, which is read further where that looks like one.
func OwnContent(start []byte, file io.ReaderAt, size int64) bool {
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return isPlan(file, size)
	case !bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n\ufeff"), []byte("{")) || size > maxState:
		return false
	}
	for _, key := range []string{`"lineage"`, `"encrypted_data"`, `"format_version"`} {
		if bytes.Contains(start, []byte(key)) {
			return isState(file, size)
		}
	}
	return false
}

// isPlan reports whether a zip is a plan file.
func isPlan(file io.ReaderAt, size int64) bool {
	r, err := zip.NewReader(file, size)
	if err != nil {
		return false
	}
	plan, state := false, false
	for _, f := range r.File {
		plan, state = plan || f.Name == "tfplan", state || f.Name == "tfstate"
	}
	return plan && state
}

// isState reports whether JSON is a state, also an encrypted one of OpenTofu, an
// encrypted plan, or a state or plan in the form of "show -json".
func isState(file io.ReaderAt, size int64) bool {
	var has struct {
		Lineage   *string         `json:"lineage"`
		Terraform *string         `json:"terraform_version"`
		Encrypted *string         `json:"encrypted_data"`
		Method    json.RawMessage `json:"encryption_version"`
		Format    *string         `json:"format_version"`
	}
	body, err := io.ReadAll(io.NewSectionReader(file, 0, size))
	if err != nil || json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &has) != nil {
		return false
	}
	switch {
	case has.Lineage != nil:
		return has.Terraform != nil || has.Encrypted != nil
	case has.Encrypted != nil:
		return has.Method != nil
	}
	return has.Format != nil && has.Terraform != nil
}
