package container

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"

	"github.com/moby/moby/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
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
		serveCalls(ctx, conn, func(method string, message []byte) ([]byte, bool) { return answerCall(method, message, known) })
	}()
	return id, func() { cancel(); <-ended }, nil
}

// serveCalls answers the calls of gRPC that come by a connection, until ctx ends;
// then the connection is closed. Calls have one message and one reply. answer gets
// the full name of the method and is called concurrently; without ok the caller
// learns that there is no such method.
func serveCalls(ctx context.Context, conn net.Conn, answer func(method string, message []byte) (reply []byte, ok bool)) {
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxCall), grpc.UnknownServiceHandler(func(_ any, call grpc.ServerStream) error {
		var message, reply emptypb.Empty // whose fields are unknown, and kept
		if err := call.RecvMsg(&message); err != nil {
			return err
		}
		method, _ := grpc.MethodFromServerStream(call)
		fields, ok := answer(method, message.ProtoReflect().GetUnknown())
		if !ok {
			return status.Error(codes.Unimplemented, method)
		}
		reply.ProtoReflect().SetUnknown(fields)
		return call.SendMsg(&reply)
	}))
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	only := onlyConn{addr: conn.LocalAddr(), conns: make(chan net.Conn, 1)}
	only.conns <- conn
	_ = server.Serve(only) // ends by Stop
	_ = conn.Close()       // where it was stopped before
}

// maxCall bounds the message of a call, in bytes.
const maxCall = 1 << 20

// onlyConn is a listener of one connection.
type onlyConn struct {
	addr  net.Addr
	conns chan net.Conn
}

// Accept returns the connection, then waits for Close.
func (l onlyConn) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

// Close ends Accept. The server calls it once.
func (l onlyConn) Close() error {
	close(l.conns)
	return nil
}

func (l onlyConn) Addr() net.Addr { return l.addr }

// answerCall answers one call of BuildKit.
func answerCall(method string, message []byte, known *credentials) (reply []byte, ok bool) {
	switch method {
	case healthMethod:
		return []byte{1 << 3, 1}, true // status: serving
	case credentialsMethod:
		var host string
		eachField(message, func(field protowire.Number, value []byte) {
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
func appendText(message []byte, field protowire.Number, text string) []byte {
	if text == "" {
		return message
	}
	return protowire.AppendString(protowire.AppendTag(message, field, protowire.BytesType), text)
}
