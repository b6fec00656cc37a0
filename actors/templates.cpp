#include "actors/templates.hpp"

#include "schemas/limits.hpp"
#include "schemas/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace restante {

namespace {

constexpr size_t notices = 9;

/// The texts of one language, in the order of `notice`. {name} is a fact; what stands in [brackets]
/// is left out when a fact inside is empty. Only characters of the GSM alphabet: accents it does
/// not have are dropped, as carriers do.
struct phrases {
  std::string_view language;
  std::string_view hidden_caller;
  std::array<std::string_view, notices> texts;
};

constexpr std::array<phrases, 6> languages{{
    {"en",
     "a hidden number",
     {"New voicemail {number} from {caller}[, {time}][, {length} min]. You have {unheard} unheard. "
      "Open it in your voicemail app or reply DELETE {number} and your PIN.",
      "Voicemail {number} from {caller}[, {length} min] is on this device. You have {unheard} "
      "unheard. To delete it, reply DELETE {number} and your PIN.",
      "Voicemail {number} from {caller}[, {length} min] was delivered to another of your "
      "devices[ ({place})]. You have {unheard} unheard.",
      "Voicemail {number} from {caller} was deleted. You have {unheard} unheard, {total} in all.",
      "Welcome[ to {tenant}]! Your voicemail is on.[ Profile: {profile}.] Reply HELP for help, "
      "STOP to end.",
      "Your voicemail is already on.[ Profile: {profile}.] You have {unheard} unheard, {total} in "
      "all. Reply HELP for help.",
      "You have {unheard} unheard voicemails, {total} in all.[ Profile: {profile}.] Reply HELP for "
      "help.",
      "Voicemail commands[ of {tenant}][ to {code}]: ACTIVATE imei pin, STATUS, DELETE number pin, "
      "STOP. For your IMEI dial *#06#.",
      "Request refused: the number, message or PIN did not match. Nothing was changed. Reply HELP "
      "for help."}},
    {"fr",
     "numéro masqué",
     {"Nouveau message vocal {number} de {caller}[, {time}][, {length} min]. A écouter: {unheard}. "
      "Ouvrez-le dans l'appli ou répondez SUPPRIMER {number} et votre PIN.",
      "Message vocal {number} de {caller}[, {length} min] remis sur cet appareil. A écouter: "
      "{unheard}. Pour l'effacer, répondez SUPPRIMER {number} et votre PIN.",
      "Message vocal {number} de {caller}[, {length} min] remis sur un autre de vos "
      "appareils[ ({place})]. A écouter: {unheard}.",
      "Message vocal {number} de {caller} supprimé. A écouter: {unheard}, total: {total}.",
      "Bienvenue[ chez {tenant}]! Messagerie vocale active.[ Profil: {profile}.] Répondez AIDE "
      "pour l'aide, STOP pour finir.",
      "Messagerie vocale déjà active.[ Profil: {profile}.] A écouter: {unheard}, total: {total}. "
      "Répondez AIDE pour l'aide.",
      "Messages vocaux à écouter: {unheard}, total: {total}.[ Profil: {profile}.] Répondez AIDE "
      "pour l'aide.",
      "Commandes de messagerie vocale[ {tenant}][ au {code}]: ACTIVER imei pin, STATUT, SUPPRIMER "
      "numéro pin, STOP. IMEI: tapez *#06#.",
      "Demande refusée: le numéro, le message ou le PIN ne correspond pas. Rien n'a changé. "
      "Répondez AIDE pour l'aide."}},
    {"de",
     "unbekannt",
     {"Neue Voicemail {number} von {caller}[, {time}][, {length} Min]. Ungehört: {unheard}. In der "
      "Voicemail-App öffnen oder mit LÖSCHEN {number} und PIN antworten.",
      "Voicemail {number} von {caller}[, {length} Min] ist auf diesem Gerät. Ungehört: {unheard}. "
      "Zum Löschen mit LÖSCHEN {number} und PIN antworten.",
      "Voicemail {number} von {caller}[, {length} Min] wurde einem anderen Ihrer Geräte "
      "zugestellt[ ({place})]. Ungehört: {unheard}.",
      "Voicemail {number} von {caller} wurde gelöscht. Ungehört: {unheard}, gesamt: {total}.",
      "Willkommen[ bei {tenant}]! Ihre Voicemail ist aktiv.[ Profil: {profile}.] Hilfe mit HILFE, "
      "abschalten mit STOP.",
      "Ihre Voicemail ist bereits aktiv.[ Profil: {profile}.] Ungehört: {unheard}, gesamt: "
      "{total}. Hilfe mit HILFE.",
      "Ungehörte Voicemails: {unheard}, gesamt: {total}.[ Profil: {profile}.] Hilfe mit HILFE.",
      "Voicemail-Befehle[ von {tenant}][ an {code}]: AKTIVIEREN imei pin, STATUS, LÖSCHEN nummer "
      "pin, STOP. IMEI mit *#06# anzeigen.",
      "Abgelehnt: Nummer, Nachricht oder PIN stimmt nicht. Es wurde nichts geändert. Hilfe mit "
      "HILFE."}},
    {"es",
     "numero oculto",
     {"Nuevo mensaje de voz {number} de {caller}[, {time}][, {length} min]. Sin escuchar: "
      "{unheard}. Abra su app de buzon de voz o responda BORRAR {number} y su PIN.",
      "Mensaje de voz {number} de {caller}[, {length} min] en este dispositivo. Sin escuchar: "
      "{unheard}. Para borrarlo responda BORRAR {number} y su PIN.",
      "Mensaje de voz {number} de {caller}[, {length} min] entregado en otro de sus "
      "dispositivos[ ({place})]. Sin escuchar: {unheard}.",
      "Mensaje de voz {number} de {caller} borrado. Sin escuchar: {unheard}, total: {total}.",
      "¡Bienvenido[ a {tenant}]! Buzon de voz activado.[ Perfil: {profile}.] Responda AYUDA para "
      "ayuda, STOP para terminar.",
      "Su buzon de voz ya estaba activo.[ Perfil: {profile}.] Sin escuchar: {unheard}, total: "
      "{total}. Responda AYUDA para ayuda.",
      "Mensajes de voz sin escuchar: {unheard}, total: {total}.[ Perfil: {profile}.] Responda "
      "AYUDA para ayuda.",
      "Comandos del buzon de voz[ de {tenant}][ al {code}]: ACTIVAR imei pin, ESTADO, BORRAR "
      "numero pin, STOP. IMEI: marque *#06#.",
      "Solicitud rechazada: el numero, el mensaje o el PIN no coincide. No se ha cambiado nada. "
      "Responda AYUDA para ayuda."}},
    {"pt",
     "numero oculto",
     {"Nova mensagem de voz {number} de {caller}[, {time}][, {length} min]. Por ouvir: {unheard}. "
      "Abra a app de correio de voz ou responda APAGAR {number} e o seu PIN.",
      "Mensagem de voz {number} de {caller}[, {length} min] neste dispositivo. Por ouvir: "
      "{unheard}. Para a apagar responda APAGAR {number} e o seu PIN.",
      "Mensagem de voz {number} de {caller}[, {length} min] entregue em outro dos seus "
      "dispositivos[ ({place})]. Por ouvir: {unheard}.",
      "Mensagem de voz {number} de {caller} apagada. Por ouvir: {unheard}, total: {total}.",
      "Boas-vindas[ a {tenant}]! Correio de voz ativado.[ Perfil: {profile}.] Responda AJUDA para "
      "ajuda, STOP para terminar.",
      "O correio de voz ja estava ativo.[ Perfil: {profile}.] Por ouvir: {unheard}, total: "
      "{total}. Responda AJUDA para ajuda.",
      "Mensagens de voz por ouvir: {unheard}, total: {total}.[ Perfil: {profile}.] Responda AJUDA "
      "para ajuda.",
      "Comandos do correio de voz[ {tenant}][ para {code}]: ATIVAR imei pin, ESTADO, APAGAR numero "
      "pin, STOP. IMEI: marque *#06#.",
      "Pedido recusado: o numero, a mensagem ou o PIN nao corresponde. Nada foi alterado. Responda "
      "AJUDA para ajuda."}},
    {"it",
     "numero nascosto",
     {"Nuovo messaggio vocale {number} da {caller}[, {time}][, {length} min]. Da ascoltare: "
      "{unheard}. Apri l'app segreteria o rispondi ELIMINA {number} e il tuo PIN.",
      "Messaggio vocale {number} da {caller}[, {length} min] su questo dispositivo. Da ascoltare: "
      "{unheard}. Per eliminarlo rispondi ELIMINA {number} e il tuo PIN.",
      "Messaggio vocale {number} da {caller}[, {length} min] consegnato a un altro tuo "
      "dispositivo[ ({place})]. Da ascoltare: {unheard}.",
      "Messaggio vocale {number} da {caller} eliminato. Da ascoltare: {unheard}, totale: {total}.",
      "Benvenuto[ in {tenant}]! Segreteria attiva.[ Profilo: {profile}.] Rispondi AIUTO per aiuto, "
      "STOP per terminare.",
      "La segreteria è già attiva.[ Profilo: {profile}.] Da ascoltare: {unheard}, totale: {total}. "
      "Rispondi AIUTO per aiuto.",
      "Messaggi vocali da ascoltare: {unheard}, totale: {total}.[ Profilo: {profile}.] Rispondi "
      "AIUTO per aiuto.",
      "Comandi della segreteria[ {tenant}][ al {code}]: ATTIVA imei pin, STATO, ELIMINA numero "
      "pin, STOP. IMEI: digita *#06#.",
      "Richiesta rifiutata: il numero, il messaggio o il PIN non corrisponde. Nulla è cambiato. "
      "Rispondi AIUTO per aiuto."}},
}};

/// Null when the engine does not speak it.
const phrases* phrases_of(std::string_view tag) {
  const auto same = [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
  };
  const auto primary = tag.substr(0, tag.find_first_of("-_"));
  for (const auto& entry : languages)
    if (std::equal(entry.language.begin(), entry.language.end(), primary.begin(), primary.end(),
                   same))
      return &entry;
  return nullptr;
}

/// Cleans a fact and cuts it to `characters` code points, without spaces at its ends.
std::string fact(std::string_view untrusted, size_t characters) {
  const auto cleaned = clean(untrusted, 4 * characters); // UTF-8 takes four bytes at most
  std::string_view text = cleaned;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  size_t end = 0;
  for (size_t count = 0; count < characters && end < text.size(); ++count)
    end += first_code_point(text.substr(end)).bytes;
  text = text.substr(0, end);
  return std::string{text.substr(0, text.find_last_not_of(' ') + 1)}; // npos + 1 is 0: no text
}

/// "0:25"; a begun second counts, so that no message lasts none. Empty for no duration.
std::string minutes(std::chrono::milliseconds duration) {
  using namespace std::chrono;
  if (duration <= 0ms)
    return {};
  const auto claimed = std::min<milliseconds>(duration, limits::duration_max);
  const auto length = static_cast<unsigned>(ceil<seconds>(claimed).count());
  char text[16];
  std::snprintf(text, sizeof text, "%u:%02u", length / 60, length % 60);
  return text;
}

struct named_value {
  std::string_view name;
  std::string value;
};

/// Fills a text in one pass: values are never read again, so braces in them mean nothing.
std::string fill(std::string_view text, const std::array<named_value, 10>& values) {
  std::string out;
  size_t group = 0; // where the last bracket opened
  bool incomplete = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') {
      group = out.size();
      incomplete = false;
    } else if (text[i] == ']') {
      if (incomplete)
        out.resize(group);
    } else if (text[i] == '{') {
      const auto name = text.substr(i + 1, text.find('}', i) - i - 1);
      for (const auto& entry : values) {
        if (entry.name != name)
          continue;
        incomplete = incomplete || entry.value.empty();
        out += entry.value;
      }
      i += name.size() + 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

} // namespace

result<void> check_language(std::string_view tag) {
  if (tag.empty() || phrases_of(tag) != nullptr)
    return {};
  std::string spoken;
  for (const auto& entry : languages)
    spoken.append(spoken.empty() ? "" : ", ").append(entry.language);
  return fail(errc::invalid_request, "language_unknown",
              "choose a language that there are texts in: " + spoken);
}

std::string render(notice kind, std::string_view language, const notice_facts& facts) {
  const auto index = static_cast<size_t>(kind) - 1; // of an unknown zero: far above
  if (index >= notices)
    return {};
  const auto* spoken = phrases_of(language);
  const auto& phrase = spoken != nullptr ? *spoken : languages.front();
  auto caller = fact(facts.caller, 40);
  if (caller.empty())
    caller = phrase.hidden_caller;
  return fill(phrase.texts[index], {{
                                       {"caller", std::move(caller)},
                                       {"number", std::to_string(facts.number)},
                                       {"length", minutes(facts.duration)},
                                       {"profile", fact(facts.profile, 43)}, // 16 + 1 + 26
                                       {"unheard", std::to_string(facts.unheard)},
                                       {"total", std::to_string(facts.total)},
                                       {"code", fact(facts.short_code, 16)}, // a long E.164 number
                                       {"tenant", fact(facts.tenant_name, 20)},
                                       {"time", fact(facts.called_at, 16)},
                                       {"place", fact(facts.place, 20)},
                                   }});
}

} // namespace restante
