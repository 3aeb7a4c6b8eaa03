/** The namespaces of the token exchange. */
final class Names {
    static final String OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
    static final String WSSE = OASIS + "wssecurity-secext-1.0.xsd";
    static final String WSU = OASIS + "wssecurity-utility-1.0.xsd";
    static final String PASSWORD_TEXT = OASIS + "username-token-profile-1.0#PasswordText";
    static final String WSA = "http://www.w3.org/2005/08/addressing";
    static final String TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

    private Names() {
    }
}
