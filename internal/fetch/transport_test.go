package fetch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// childURL is the variable that makes this test binary a child which fetches
// the page of that address: what it reads from its environment, it reads once.
const childURL = "FETCH_TEST_CHILD_URL"

// childCertificates is the variable of the child's Options.Certificates.
const childCertificates = "FETCH_TEST_CHILD_CERTIFICATES"

func TestMain(m *testing.M) {
	address := os.Getenv(childURL)
	if address == "" {
		os.Exit(m.Run())
	}
	if err := child(address); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func child(address string) error {
	s, err := store.Open(os.Getenv("FETCH_TEST_CHILD_STORE"))
	if err != nil {
		return err
	}
	c := New(Options{Store: s, Retries: -1, Certificates: filepath.SplitList(os.Getenv(childCertificates))})
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	page, err := c.Page(ctx, PageRequest{URL: address})
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(page.Body)
	return err
}

// runChild returns what a child with the variables prints.
func runChild(t *testing.T, address string, env ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(pair), "=")
		if !strings.HasSuffix(name, "_PROXY") && !strings.HasPrefix(name, "SSL_CERT_") && !strings.Contains(name, "_CA_") && name != "NETRC" && name != "HOME" {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	home := t.TempDir()
	cmd.Env = append(cmd.Env, childURL+"="+address, "FETCH_TEST_CHILD_STORE="+t.TempDir(), "HOME="+home, "USERPROFILE="+home)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

func TestHTTPProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "proxied ", r.URL) })
	got := runChild(t, "http://index.test/simple/", "HTTP_PROXY="+proxy.URL)
	if want := "proxied http://index.test/simple/"; got != want {
		t.Errorf("child printed %q, want %q", got, want)
	}
	got = runChild(t, "http://index.invalid/simple/", "HTTP_PROXY="+proxy.URL, "NO_PROXY=.invalid")
	if !strings.HasPrefix(got, "error: fetching http://index.invalid/simple/: ") {
		t.Errorf("with NO_PROXY: child printed %q, want an error", got)
	}
}

func TestNetrcOfTheEnvironment(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithAuth("me", "secret"))
	home := t.TempDir()
	path := filepath.Join(home, ".netrc")
	if err := os.WriteFile(path, []byte("machine 127.0.0.1 login me password secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range [][]string{{"NETRC=" + path}, {"HOME=" + home, "USERPROFILE=" + home}} {
		if got := runChild(t, i.URL()+"a/", env...); !strings.Contains(got, "a-1-py3-none-any.whl") {
			t.Errorf("%s: child printed %q", env, got)
		}
	}
	if got := runChild(t, i.URL()+"a/", "NETRC="+path+"x", "HOME="+home, "USERPROFILE="+home); !strings.Contains(got, "401 Unauthorized") {
		t.Errorf("with a missing NETRC: child printed %q, want a refusal", got)
	}
}

func TestHTTPSProxyAndCertificatesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithTLS())
	target := strings.TrimPrefix(strings.TrimSuffix(i.URL(), "/simple/"), "https://")
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) { tunnel(t, w, r, target) })
	dir := t.TempDir()
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, i.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	// The certificate of the test server is for example.com too.
	const address = "https://example.com/simple/a/"
	for _, env := range []string{
		"SSL_CERT_FILE=" + file, "SSL_CERT_DIR=" + dir, "REQUESTS_CA_BUNDLE=" + file, "REQUESTS_CA_BUNDLE=" + dir,
		"NODE_EXTRA_CA_CERTS=" + file, childCertificates + "=" + file,
	} {
		if got := runChild(t, address, "HTTPS_PROXY="+proxy.URL, env); !strings.Contains(got, "a-1-py3-none-any.whl") {
			t.Errorf("%s: child printed %q", env, got)
		}
	}
	if got := runChild(t, address, "HTTPS_PROXY="+proxy.URL); !strings.Contains(got, `the certificate of "example.com" is signed by "O=Acme Co"`) || !strings.Contains(got, "SSL_CERT_FILE or in custom_ca_bundle") {
		t.Errorf("without the certificate: child printed %q", got)
	}
	got := runChild(t, address, "HTTPS_PROXY="+proxy.URL, childCertificates+"="+filepath.Join(dir, "absent.pem"), "SSL_CERT_FILE="+file)
	if !strings.HasPrefix(got, "error: ") || !strings.Contains(got, "reading certificates: ") || !strings.Contains(got, "absent.pem") {
		t.Errorf("with an option that names no file: child printed %q", got)
	}
	missing := "SSL_CERT_FILE=" + filepath.Join(dir, "missing")
	if got := runChild(t, address, "HTTPS_PROXY="+proxy.URL, missing, "SSL_CERT_DIR="+dir); !strings.Contains(got, "a-1-py3-none-any.whl") {
		t.Errorf("with a missing file: child printed %q", got)
	}
}

// TestProxyThatRefuses says what to write, and never the password.
func TestProxyThatRefuses(t *testing.T) {
	t.Parallel()
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") == "" || strings.Contains(r.Host, "other") {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	host := strings.TrimPrefix(proxy.URL, "http://")
	with := "http://me:pa55word@" + host
	for _, c := range []struct{ address, env, want string }{
		{"https://example.com/x", "HTTPS_PROXY=" + proxy.URL, fmt.Sprintf(`the proxy %q answered 407 Proxy Authentication Required: write a user and a password into HTTPS_PROXY: http://<user>:<password>@%s.`, host, host)},
		{"http://example.com/x", "HTTP_PROXY=" + proxy.URL, fmt.Sprintf(`the proxy %q answered 407 Proxy Authentication Required: write a user and a password into HTTP_PROXY:`, host)},
		{"https://other.example.com/x", "HTTPS_PROXY=" + with, "to the user and the password of HTTPS_PROXY: correct them there"},
		{"https://example.com/x", "HTTPS_PROXY=" + with, fmt.Sprintf("the proxy %q answered 403 Forbidden: name hosts that are reached without it in NO_PROXY", host)},
	} {
		if got := runChild(t, c.address, c.env); !strings.Contains(got, c.want) || strings.Contains(got, "pa55word") {
			t.Errorf("%s, %s: child printed %q, want %q", c.address, c.env, got, c.want)
		}
	}
}

// tunnel answers CONNECT by joining the client and target.
func tunnel(t *testing.T, w http.ResponseWriter, r *http.Request, target string) {
	if r.Method != http.MethodConnect || r.Host != "example.com:443" {
		http.Error(w, "want CONNECT example.com:443", http.StatusBadRequest)
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		t.Error(err)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	var wg sync.WaitGroup
	copyThenClose := func(to net.Conn, from io.Reader) {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}
	wg.Go(func() { copyThenClose(server, io.MultiReader(bufferedOf(buffered), client)) })
	wg.Go(func() { copyThenClose(client, server) })
	wg.Wait()
}

func bufferedOf(rw *bufio.ReadWriter) io.Reader {
	return io.LimitReader(rw.Reader, int64(rw.Reader.Buffered()))
}
