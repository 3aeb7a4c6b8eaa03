import jakarta.xml.soap.SOAPElement;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Dispatch;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.handler.Handler;
import jakarta.xml.ws.soap.SOAPBinding;
import java.io.StringReader;
import java.util.List;
import java.util.UUID;
import javax.xml.namespace.QName;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMResult;
import javax.xml.transform.stream.StreamSource;

/**
 * Asks the token service: a JAX-WS dispatch with a UsernameToken.  There is no WSDL for it, so
 * the handler writes the addressing headers, after Security.
 */
final class TokenService {
    private TokenService() {
    }

    /** The compiled-in name of a host, with the port that this run has. */
    static String host(String which) {
        String name = which.equals("STS")
            ? "kimlikdogrulama.ornek.example" : "kpsv2.ornek.example";
        return "https://" + name + ":" + Situation.asked("CONNECT").split(":")[1];
    }

    static String router() {
        return host("ROUTER") + "/Services/RoutingService.svc";
    }

    static IssuedToken ask(String password) throws Exception {
        String address = host("STS") + "/Services/Issuer.svc/IWSTrust13";
        Service service = Service.create(new QName(Names.TRUST, "Service"));
        QName name = new QName(Names.TRUST, "Port");
        service.addPort(name, SOAPBinding.SOAP12HTTP_BINDING, address);
        Dispatch<Source> dispatch = service.createDispatch(
            name, Source.class, Service.Mode.PAYLOAD);
        dispatch.getRequestContext().put(BindingProvider.SOAPACTION_USE_PROPERTY, true);
        dispatch.getRequestContext().put(
            BindingProvider.SOAPACTION_URI_PROPERTY, Names.TRUST + "/RST/Issue");
        List<Handler> chain = dispatch.getBinding().getHandlerChain();
        chain.add(new UsernameHandler(password));
        dispatch.getBinding().setHandlerChain(chain);
        String request = "<trust:RequestSecurityToken xmlns:trust='" + Names.TRUST + "'>"
            + "<wsp:AppliesTo xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy'>"
            + "<a:EndpointReference xmlns:a='http://www.w3.org/2005/08/addressing'><a:Address>"
            + router() + "</a:Address></a:EndpointReference></wsp:AppliesTo><trust:RequestType>"
            + Names.TRUST + "/Issue</trust:RequestType></trust:RequestSecurityToken>";
        DOMResult answer = new DOMResult();
        TransformerFactory.newInstance().newTransformer()
            .transform(dispatch.invoke(new StreamSource(new StringReader(request))), answer);
        return new IssuedToken(answer.getNode());
    }

    private static final class UsernameHandler extends SecurityHandler {
        private final String password;

        UsernameHandler(String password) {
            this.password = password;
        }

        @Override
        void fill(SOAPElement security, SOAPElement timestamp) throws Exception {
            SOAPElement token = security.addChildElement("UsernameToken", "s");
            token.addChildElement("Username", "s").addTextNode(Situation.asked("USERNAME"));
            SOAPElement word = token.addChildElement("Password", "s").addTextNode(password);
            // The published programs qualify this attribute, which the standard does not.
            word.addAttribute(new QName(Names.WSSE, "Type", "s"), Names.PASSWORD_TEXT);
            SOAPElement header = security.getParentElement();
            address(header, "To", host("STS") + "/Services/Issuer.svc/IWSTrust13");
            address(header, "Action", Names.TRUST + "/RST/Issue");
            address(header, "MessageID", "uuid:" + UUID.randomUUID());
            header.addChildElement("ReplyTo", "a", Names.WSA).addChildElement("Address", "a")
                .addTextNode(Names.WSA + "/anonymous");
        }

        private static void address(SOAPElement header, String name, String text)
                throws Exception {
            header.addChildElement(name, "a", Names.WSA).addTextNode(text);
        }
    }
}
