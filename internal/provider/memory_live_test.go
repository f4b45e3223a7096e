//go:build live && linux

package provider

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// maxProviderMemory is what the provider process may take, besides the pages of its
// program, while it fetches and builds a layer at the size limit of AWS.
const maxProviderMemory = 40 << 20

// TestMemoryAtTheSizeLimit builds 256 MB of wheels that do not compress, with an
// empty cache.
func TestMemoryAtTheSizeLimit(t *testing.T) {
	const wheels, size = 8, 32_000_000
	var world, requirements strings.Builder
	var options []indextest.Option
	random := rand.NewChaCha8([32]byte{1})
	for i := range wheels {
		content := make([]byte, size)
		if _, err := random.Read(content); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&world, "heavy%d 1.0\n", i)
		fmt.Fprintf(&requirements, "%q, ", fmt.Sprintf("heavy%d", i))
		options = append(options, indextest.WithFiles(fmt.Sprintf("heavy%d 1.0", i), map[string][]byte{fmt.Sprintf("heavy%d/data.bin", i): content}))
	}
	index := indextest.New(t, world.String(), options...)

	m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
	m.write("main.tf", requiredProvider+`
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = [`+requirements.String()+`] }
}
`)
	provider, reattach := m.serve()
	m.uses("TF_REATTACH_PROVIDERS=" + reattach)
	m.terraform(0, "plan", "-out=saved.tfplan")
	peak := peakMemory(t, provider.Process.Pid)
	if err := provider.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = provider.Wait() // it was killed
	t.Logf("peak memory: %d bytes", peak)
	if peak > maxProviderMemory {
		t.Errorf("the provider took %d bytes, the limit is %d", peak, maxProviderMemory)
	}
}

// peakMemory returns the most memory that a running process has held, without the
// pages of its program and other files: how many of these are mapped depends on what
// the system keeps of them, and it takes them back when memory is short. The figure
// of getrusage would count what its parent held before the exec.
func peakMemory(t *testing.T, pid int) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var peak, files int64
	for line := range strings.Lines(string(status)) {
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak)    // another line
		_, _ = fmt.Sscanf(line, "RssFile: %d kB", &files) // another line
	}
	if peak == 0 || files == 0 || files >= peak {
		t.Fatalf("the system tells no memory: %s", status)
	}
	return (peak - files) << 10
}

// serve starts the provider as its own process and returns how Terraform finds
// it.
func (m *machine) serve() (provider *exec.Cmd, reattach string) {
	m.Helper()
	dir, err := builtProvider()
	if err != nil {
		m.Fatal(err)
	}
	provider = exec.CommandContext(m.Context(), filepath.Join(dir, "terraform-provider-layerbuild"), "-debug")
	provider.Dir, provider.Env = m.dir, m.env
	out, err := provider.StdoutPipe()
	if err != nil {
		m.Fatal(err)
	}
	if err := provider.Start(); err != nil {
		m.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS='"); ok {
			return provider, strings.TrimSuffix(rest, "'")
		}
	}
	m.Fatalf("the provider printed no address: %v", lines.Err())
	return nil, ""
}
