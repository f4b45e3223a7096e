package lambdatest

import (
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/codeartifact"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/s3"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/signer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/ssm"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/sts"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// Unserved returns an AWS without a server: it answers through Do alone. Its URL leads
// nowhere.
func Unserved() *AWS {
	state := &wire.State{}
	buckets := s3.New(state)
	return &AWS{
		State: state, Watch: &wire.Watch{},
		S3: buckets, Signer: signer.New(state, buckets), SSM: ssm.New(state), CodeArtifact: codeartifact.New(state), STS: sts.New(state),
		url:       "http://aws.invalid",
		regions:   map[wire.Scope]*region{},
		downloads: map[string][]byte{},
		updates:   updates{fates: map[string]string{}},
	}
}

// Do answers a request without a connection, so that it works on any clock: it
// is an SDK's HTTP client. A fault that cuts the connection is
// io.ErrUnexpectedEOF.
func (a *AWS) Do(request *http.Request) (answer *http.Response, err error) {
	defer func() {
		if fault := recover(); fault == http.ErrAbortHandler { //nolint:errorlint // recover returns the value itself
			answer, err = nil, io.ErrUnexpectedEOF
		} else if fault != nil {
			panic(fault)
		}
	}()
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, served)
	return recorder.Result(), nil
}
