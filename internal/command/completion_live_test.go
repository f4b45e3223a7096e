//go:build live

package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLiveBashCompletes has bash source the script and complete a line with the
// real program.
func TestLiveBashCompletes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tool(t, "../..", "go", "build", "-o", filepath.Join(dir, binary), ".")
	cmd := exec.CommandContext(t.Context(), "bash", "--norc", "-euc", `
source <(terraform-provider-layerbuild completion bash)
COMP_WORDS=(terraform-provider-layerbuild inspect --runtime python3.13) COMP_CWORD=3
_layerbuild_words
echo "${COMPREPLY[*]}"
COMP_WORDS=(terraform-provider-layerbuild "") COMP_CWORD=1
_layerbuild_words
echo "${COMPREPLY[*]}"
complete -p terraform-provider-layerbuild`)
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	lines := strings.Split(string(out), "\n")
	if err != nil || lines[0] != "python3.13" || !strings.Contains(lines[1], "build cache completion diff") || !strings.Contains(lines[2], "-F _layerbuild_words") {
		t.Errorf("%v\n%s", err, out)
	}
}
