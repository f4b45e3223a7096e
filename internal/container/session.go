package container

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/moby/moby/client"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
)

// Methods that BuildKit calls on who asked for a build. The second is that of
// its Auth service:
//
//	CredentialsRequest { string Host = 1; }
//	CredentialsResponse { string Username = 1; string Secret = 2; }
const (
	healthMethod      = "/grpc.health.v1.Health/Check"
	credentialsMethod = "/moby.filesync.v1.Auth/Credentials"
)

// openSession opens a session with BuildKit, which asks there for the
// credentials of registries: without one it reads no image that needs as much
// as an anonymous token. It lasts until end is called.
func openSession(ctx context.Context, api *client.Client, known *credentials) (id string, end func(), err error) {
	id = rand.Text()
	conn, err := api.DialHijack(ctx, "/session", "h2c", map[string][]string{
		"X-Docker-Expose-Session-Uuid":        {id},
		"X-Docker-Expose-Session-Name":        {"layerbuild"},
		"X-Docker-Expose-Session-Sharedkey":   {""},
		"X-Docker-Expose-Session-Grpc-Method": {credentialsMethod},
	})
	if err != nil {
		return "", nil, fmt.Errorf("opening a session of the build: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		fetch.ServeCalls(ctx, conn, func(method string, message []byte) ([]byte, bool) { return answerCall(method, message, known) })
	}()
	return id, func() { cancel(); <-ended }, nil
}

// answerCall answers one call of BuildKit.
func answerCall(method string, message []byte, known *credentials) (reply []byte, ok bool) {
	switch method {
	case healthMethod:
		return []byte{1 << 3, 1}, true // status: serving
	case credentialsMethod:
		var host string
		eachField(message, func(field uint64, value []byte) {
			if field == 1 {
				host = string(value)
			}
		})
		login, _ := known.login(host)
		secret := login.Password
		if login.IdentityToken != "" {
			login.Username, secret = "", login.IdentityToken
		}
		return appendText(appendText(nil, 1, login.Username), 2, secret), true
	}
	return nil, false
}

// appendText appends a string field of a protocol buffer, nothing for "".
func appendText(message []byte, field byte, text string) []byte {
	if text == "" {
		return message
	}
	message = binary.AppendUvarint(append(message, field<<3|2), uint64(len(text)))
	return append(message, text...)
}
