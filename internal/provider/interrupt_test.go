//go:build unix

package provider

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// These tests end the real Terraform and the built provider at the worst
// moment: AWS has made the version, and its answer is still on the way.

// zipped is a configuration of a version of "own.zip", in AWS at url.
func zipped(url string) string {
	return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  endpoints {
    lambda = %[1]q
    s3     = %[1]q
    sts    = %[1]q
  }
}
resource "layerbuild_version" "deps" {
  layer_name = "deps"
  filename   = "own.zip"
}
`, url)
}

// zipMachine returns a machine with that configuration and a zip.
func zipMachine(t *testing.T, aws *lambdatest.AWS, content string) *machine {
	t.Helper()
	m := newMachine(t, nil)
	m.write("main.tf", zipped(aws.URL()))
	m.write("own.zip", zipOf(t, "python/a.py", content))
	return m
}

// applying is a "terraform apply" on its way, in a process group of its own.
type applying struct {
	command *exec.Cmd
	output  bytes.Buffer
}

func (m *machine) startApply() *applying {
	m.Helper()
	a := &applying{command: exec.CommandContext(m.Context(), terraformPath(m), "apply", "-auto-approve", "-no-color")}
	a.command.Dir, a.command.Env = m.dir, m.env
	a.command.Stdout, a.command.Stderr = &a.output, &a.output
	a.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := a.command.Start(); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { _ = syscall.Kill(-a.command.Process.Pid, syscall.SIGKILL) })
	return a
}

// provider returns the process of the provider, a child of the CLI.
func (a *applying) provider() (int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,args=").Output()
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(out)) {
		field := strings.Fields(line)
		if len(field) > 2 && field[1] == strconv.Itoa(a.command.Process.Pid) && strings.Contains(field[2], "terraform-provider-layerbuild") {
			return strconv.Atoi(field[0])
		}
	}
	return 0, fmt.Errorf("no provider below process %d:\n%s", a.command.Process.Pid, out)
}

// wait returns the exit code, -1 for a process that was killed.
func (a *applying) wait() int {
	_ = a.command.Wait() // the code tells
	return a.command.ProcessState.ExitCode()
}

// holds checks the ARN in the state, and that nothing is left to do.
func (m *machine) holds(number int) {
	m.Helper()
	if got := m.terraform(0, "state", "show", "layerbuild_version.deps"); !strings.Contains(got, fmt.Sprintf(`"%s:%d"`, layerARN, number)) {
		m.Errorf("the state does not hold version %d:\n%s", number, got)
	}
	m.terraform(0, "plan", "-detailed-exitcode")
}

// TestKilledBetweenPublishAndState kills the provider, or all, when the version
// is made and not yet in the state. The next apply takes it over.
func TestKilledBetweenPublishAndState(t *testing.T) {
	t.Parallel()
	kill := map[string]func(*applying) error{
		"all": func(a *applying) error { return syscall.Kill(-a.command.Process.Pid, syscall.SIGKILL) },
		"provider": func(a *applying) error {
			pid, err := a.provider()
			if err != nil {
				return err
			}
			return syscall.Kill(pid, syscall.SIGKILL)
		},
	}
	for name, strike := range kill {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aws := lambdatest.New(t)
			m := zipMachine(t, aws, "A = 1\n")
			for number, content := range []string{"A = 1\n", "A = 2\n"} { // a create, then an update
				m.write("own.zip", zipOf(t, "python/a.py", content))
				made := make(chan struct{})
				aws.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Delay: time.Minute, Do: func() { close(made) }})
				run := m.startApply()
				<-made
				if err := strike(run); err != nil {
					t.Fatal(err)
				}
				if code := run.wait(); code == 0 {
					t.Fatalf("the apply succeeded:\n%s", run.output.String())
				}
				m.terraform(0, "apply", "-auto-approve")
				m.holds(number + 1)
			}
			only(t, aws, 1, 2)
			if n := len(aws.Calls("PublishLayerVersion")); n != 2 {
				t.Errorf("%d publishes, want 2", n)
			}
		})
	}
}

// TestInterruptedPublishIsInTheState interrupts the apply as Ctrl-C does: the
// provider finds the version that was made, and the state holds it.
func TestInterruptedPublishIsInTheState(t *testing.T) {
	t.Parallel()
	aws := lambdatest.New(t)
	m := zipMachine(t, aws, "A = 1\n")
	made := make(chan struct{})
	aws.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Delay: time.Minute, Do: func() { close(made) }})
	run := m.startApply()
	<-made
	if err := run.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	run.wait()
	m.holds(1)
	only(t, aws, 1)
	m.terraform(0, "destroy", "-auto-approve")
	only(t, aws) // the resource knows that the version is its own
}

// TestInterruptedBeforeThePublish leaves nothing.
func TestInterruptedBeforeThePublish(t *testing.T) {
	t.Parallel()
	aws := lambdatest.New(t)
	m := zipMachine(t, aws, "A = 1\n")
	looked := make(chan struct{})
	aws.Inject(lambdatest.Fault{Operation: "ListLayerVersions", Delay: time.Minute, Do: func() { close(looked) }})
	run := m.startApply()
	<-looked
	if err := run.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := run.wait(); code == 0 {
		t.Fatalf("the apply succeeded:\n%s", run.output.String())
	}
	only(t, aws)
	m.terraform(0, "apply", "-auto-approve")
	m.holds(1)
	only(t, aws, 1)
}

// TestTwoAppliesAtOnce runs two configurations with states of their own. Both
// look before either publishes. Equal bytes end as one version; other bytes as
// two. Each state is true.
func TestTwoAppliesAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second string
		want   []int64
	}{
		"equal bytes": {"A = 1\n", []int64{1}},
		"other bytes": {"A = 2\n", []int64{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aws := lambdatest.New(t)
			machines := []*machine{zipMachine(t, aws, "A = 1\n"), zipMachine(t, aws, c.second)}
			var both sync.WaitGroup
			both.Add(2)
			gate := func() { both.Done(); both.Wait() }
			aws.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Times: 2, Do: gate})
			runs := []*applying{machines[0].startApply(), machines[1].startApply()}
			for _, run := range runs {
				if code := run.wait(); code != 0 {
					t.Fatalf("exit code %d:\n%s", code, run.output.String())
				}
			}
			if n := len(aws.Calls("PublishLayerVersion")); n != 2 {
				t.Errorf("%d publishes, want 2 at once", n)
			}
			only(t, aws, c.want...)
			for _, m := range machines {
				m.terraform(0, "plan", "-detailed-exitcode")
			}
		})
	}
}
