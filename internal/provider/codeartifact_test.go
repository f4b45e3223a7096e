package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// newRepository returns an AWS with the CodeArtifact repository "wheels" in the
// domain "acme", and the index behind it, which wants a valid token.
func newRepository(t *testing.T, options ...indextest.Option) (*indextest.Index, *lambdatest.AWS) {
	t.Helper()
	aws := lambdatest.New(t)
	index := indextest.New(t, universe, append(options, indextest.WithPath("/pypi/wheels"),
		indextest.WithGuard(func(r *http.Request) bool { return aws.Admits("acme", r) }))...)
	aws.AddRepository("acme", "", "wheels", strings.TrimSuffix(index.URL(), "/pypi/wheels/simple/"))
	return index, aws
}

// artifactPipeline is a configuration of a package from CodeArtifact and its
// version.
func artifactPipeline(aws, python, description string) string {
	return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  endpoints {
    codeartifact = %[1]q
    lambda       = %[1]q
    s3           = %[1]q
    sts          = %[1]q
  }
}
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { %[2]s }
}
resource "layerbuild_version" "deps" {
  layer_name  = "deps"
  package     = layerbuild_package.deps
  description = %[3]q
}
`, aws, python, description)
}

const fromWheels = `index = [{ codeartifact = { domain = "acme", repository = "wheels" }, packages = ["requests", "idna"] }]`

// TestCodeArtifactRepository resolves from a repository, with tokens that are
// nowhere to be found afterwards.
func TestCodeArtifactRepository(t *testing.T) {
	t.Parallel()
	index, aws := newRepository(t)
	m := newMachine(t, nil).uses(cut, "TF_LOG=TRACE")
	m.write("main.tf", artifactPipeline(aws.URL(), `requirements = ["requests"], `+fromWheels, ""))
	printed := m.terraform(0, "plan", "-out=saved.tfplan")
	printed += m.terraform(0, "show", "-json", "saved.tfplan")
	printed += m.terraform(0, "apply", "saved.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 1 {
		t.Fatalf("AWS has %+v", live)
	}
	tokens := aws.Tokens()
	if n := len(aws.Calls("GetAuthorizationToken")); n != 1 || len(tokens) != 1 {
		t.Errorf("%d tokens were asked for, want one for the plan and its apply from the cache", n)
	}

	// Nothing changed: neither AWS's CodeArtifact nor the index is asked.
	index.Forget()
	before := len(aws.Calls("GetAuthorizationToken", "GetRepositoryEndpoint"))
	m.terraform(0, "plan", "-detailed-exitcode")
	if after := len(aws.Calls("GetAuthorizationToken", "GetRepositoryEndpoint")); after != before || len(index.Requests()) != 0 {
		t.Errorf("a plan without changes made %d calls and %d requests", after-before, len(index.Requests()))
	}

	// A revoked token is replaced; a domain that does not let us in is an error.
	aws.RevokeTokens()
	m.write("main.tf", artifactPipeline(aws.URL(), `requirements = ["idna==3.6"], `+fromWheels, ""))
	printed += m.terraform(0, "apply", "-auto-approve")
	tokens = append(tokens, aws.Tokens()...)
	aws.Inject(lambdatest.Fault{Operation: "GetAuthorizationToken", Status: 403, ErrorType: "AccessDeniedException", Message: "not authorized to perform", Times: -1})
	fresh := newMachine(t, nil).uses(cut, "TF_LOG=TRACE")
	fresh.write("main.tf", artifactPipeline(aws.URL(), `requirements = ["requests"], `+fromWheels, ""))
	refused := fresh.terraform(1, "plan")
	for _, want := range []string{"codeartifact:GetAuthorizationToken", `domain "acme"`} {
		if !sentenceLike(want).MatchString(refused) {
			t.Errorf("the error does not name %s:\n%s", want, refused)
		}
	}
	findNone(t, append(tokens, "codeartifact-token-", base64.StdEncoding.EncodeToString([]byte("aws:codeartifact-token-"))[:28]), printed+refused, m.dir, m.home, fresh.home)
}

// TestCodeArtifactWithoutCredentials names what is missing, and asks AWS only
// where CodeArtifact is used.
func TestCodeArtifactWithoutCredentials(t *testing.T) {
	t.Parallel()
	_, aws := newRepository(t)
	m := newMachine(t, nil).uses(cut, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	m.write("main.tf", artifactPipeline(aws.URL(), `requirements = ["requests"], `+fromWheels, ""))
	out := m.terraform(1, "plan")
	for _, want := range []string{`The CodeArtifact repository "wheels" cannot be used`, "no AWS credentials were found", "set a profile"} {
		if !sentenceLike(want).MatchString(out) {
			t.Errorf("the error does not say %s:\n%s", want, out)
		}
	}
}

// TestCodeArtifactAddress uses the address of a repository as any index's: in
// the environment, without credentials, with a private authority and a proxy.
func TestCodeArtifactAddress(t *testing.T) {
	t.Parallel()
	const host = "acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com"
	index, aws := newRepository(t, indextest.HTMLOnly())
	proxy, authority := newTLSProxy(t, host, strings.TrimSuffix(index.URL(), "/pypi/wheels/simple/"))
	environment := []string{
		"PIP_INDEX_URL=https://aws@" + host + "/pypi/wheels/simple/", "HTTPS_PROXY=" + proxy, "NO_PROXY=127.0.0.1",
	}
	provider := strings.Replace(artifactPipeline(aws.URL(), `requirements = ["requests"]`, ""), "endpoints {", `custom_ca_bundle = "authority.pem"`+"\n  endpoints {", 1)
	m := newMachine(t, nil).uses(environment...)
	m.write("authority.pem", authority)
	m.write("main.tf", provider)
	printed := m.terraform(0, "plan", "-out=saved.tfplan")
	if !sentenceLike("gives no upload times").MatchString(printed) {
		t.Errorf("an index without upload times is not warned of:\n%s", printed)
	}
	applier := newMachine(t, m).uses(environment...)
	printed += applier.terraform(0, "apply", "saved.tfplan")

	// A lock is rebuilt on a machine that knows no index at all.
	applier.write("main.tf", strings.Replace(provider, `description = ""`, `description = "more"`, 1))
	applier.terraform(0, "plan", "-out=second.tfplan")
	rebuilder := newMachine(t, applier).uses("HTTPS_PROXY="+proxy, "NO_PROXY=127.0.0.1")
	printed += rebuilder.terraform(0, "apply", "second.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 2 || live[0].CodeSHA256 != live[1].CodeSHA256 {
		t.Fatalf("AWS has %+v, want two versions of the same bytes", live)
	}
	findNone(t, append(aws.Tokens(), "codeartifact-token-", base64.StdEncoding.EncodeToString([]byte("aws:codeartifact-token-"))[:28]), printed, m.dir, m.home, applier.dir, applier.home, rebuilder.dir, rebuilder.home)
}

// findNone looks for secrets in a text and in the files of folders.
func findNone(t *testing.T, secrets []string, printed string, dirs ...string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(printed, secret) {
			t.Errorf("%.24s… was printed", secret)
		}
	}
	files := 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			files++
			for _, secret := range secrets {
				if strings.Contains(string(b), secret) {
					t.Errorf("%s holds %.24s…", path, secret)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files == 0 {
		t.Error("no file was searched")
	}
}

// newTLSProxy starts a proxy that knows one host, which it joins with a server
// of that name; the server passes everything on to target. It returns the
// proxy's address and the authority of the server's certificate, in PEM.
func newTLSProxy(t *testing.T, host, target string) (address, authority string) {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
	certificate, authority := certify(t, host)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != host+":443" {
			http.Error(w, "unknown host", http.StatusBadGateway)
			return
		}
		join(t, w, server.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL, authority
}

// join answers CONNECT.
func join(t *testing.T, w http.ResponseWriter, target string) {
	far, err := net.Dial("tcp", target)
	if err != nil {
		t.Error(err)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
	both.Go(func() { _, _ = io.Copy(near, far); _ = near.Close() })
	both.Wait()
}

// certify makes an authority and a certificate of it for the host.
func certify(t *testing.T, host string) (certificate tls.Certificate, authority string) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) []byte {
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	root, leaf := newKey(), newKey()
	top := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rawTop := sign(top, top, &root.PublicKey, root)
	parsed, err := x509.ParseCertificate(rawTop)
	if err != nil {
		t.Fatal(err)
	}
	rawLeaf := sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, parsed, &leaf.PublicKey, root)
	return tls.Certificate{Certificate: [][]byte{rawLeaf}, PrivateKey: leaf}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rawTop}))
}
